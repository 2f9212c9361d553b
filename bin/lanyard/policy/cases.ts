import { z } from "zod";
import { assuranceLevels } from "../../../core/model/assurance.ts";
import { type PolicyDecision, type PolicyEngine, type PolicyQuestion, turnOf } from "../../../core/model/decision.ts";
import { personId } from "../../../core/model/person-id.ts";
import type { RegistryDocument, RegistryProblem } from "../../../core/model/registry-document.ts";
import { problemAt } from "../../../core/model/registry-document.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";
import type { SignIn } from "../../../core/model/sign-in.ts";
import type { RegistrySnapshot } from "../../../core/model/snapshot.ts";

const text = z.string().min(1).max(512);

/** One test case for policies: the question, and the expected answer. */
const caseSchema = z.strictObject({
  case: z.string().min(1).max(200),
  expect: z.enum(["permitted", "approval", "sign-in", "refused"]),
  /** Policies that must be among those that determined the answer. */
  by: z.array(text).max(50).default([]),
  /** For a refusal: whose permit must be missing or forbidden. */
  missing: z.enum(["principal", "agent", "task", "owner", "question"]).exactOptional(),
  ask: z.strictObject({
    action: z.enum(["open", "renew", "access", "offer", "redeem", "hop"]).default("open"),
    agent: text,
    to: text.exactOptional(),
    /** A person by their groups, or an agent on its own account. */
    for: z.union([z.literal("itself"), z.strictObject({ groups: z.array(text).max(100) })]).default({ groups: [] }),
    resource: text,
    scopes: z.array(text).min(1).max(200),
    details: z.array(text).max(20).default([]),
    depth: z.int().min(0).max(64).default(0),
    assurance: z.enum(assuranceLevels).default("fresh"),
    evidence: z
      .strictObject({ type: text, facts: z.record(z.string().min(1).max(128), z.string().max(512)).default({}) })
      .default({ type: "aws-sts-web-identity", facts: {} }),
    build: text.exactOptional(),
    at: z.iso.datetime({ offset: true }).exactOptional(),
    /** How the person signed in: so many seconds before, and the `acr` of the token. */
    signIn: z
      .strictObject({ secondsAgo: z.int().min(0).exactOptional(), acr: z.string().min(1).max(128).exactOptional() })
      .exactOptional(),
    purpose: text.exactOptional(),
    lifetimeSeconds: z.int().min(1).exactOptional(),
  }),
});

/** A case that can be run. */
export interface PolicyCase {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly expect: ReturnType<typeof turnOf>;
  readonly by: readonly string[];
  readonly missing?: "principal" | "agent" | "task" | "owner" | "question";
  readonly question: PolicyQuestion;
}

/** The result of a case; `why` says how it differs from what was expected. */
interface CaseOutcome {
  readonly passed: boolean;
  readonly decision: PolicyDecision;
  readonly why?: string;
}

/**
 * Reads the documents of `*.test.yaml` files as cases.
 * @param nowSeconds the clock of cases that name no time
 * @returns the cases, or every problem with file and line
 */
export function readCases(
  documents: readonly RegistryDocument[],
  registry: RegistrySnapshot,
  nowSeconds: number,
): Result<readonly PolicyCase[], readonly RegistryProblem[]> {
  const problems: RegistryProblem[] = [];
  const cases: PolicyCase[] = [];
  for (const document of documents) {
    const parsed = caseSchema.safeParse(document.value);
    if (!parsed.success) {
      for (const { path, message } of parsed.error.issues)
        problems.push(problemAt(document, path.map(String).join("."), message));
      continue;
    }
    const { case: name, expect, by, missing, ask } = parsed.data;
    const { file, line } = document;
    const question = questionFor(ask, registry, nowSeconds);
    cases.push({ file, line, name, expect, by, question, ...(missing === undefined ? {} : { missing }) });
  }
  return problems.length > 0 ? err(problems) : ok(cases);
}

function questionFor(
  ask: z.infer<typeof caseSchema>["ask"],
  registry: RegistrySnapshot,
  nowSeconds: number,
): PolicyQuestion {
  const { action, agent, to, resource, scopes, details, depth, assurance, evidence, build, at, signIn } = ask;
  const now = at === undefined ? nowSeconds : Math.floor(Date.parse(at) / 1000);
  const id = registry.agentId(agent);
  const asserted = {
    ...(ask.purpose === undefined ? {} : { purpose: ask.purpose }),
    ...(ask.lifetimeSeconds === undefined ? {} : { lifetimeSeconds: ask.lifetimeSeconds }),
  };
  return {
    action,
    agent: id,
    ...(to === undefined ? {} : { to: registry.agentId(to) }),
    principal:
      ask.for === "itself"
        ? { id, kind: "agent" }
        : { id: personId("https://cases.example", "somebody"), kind: "person", groups: ask.for.groups },
    grant: { resource, scopes, details: details.map((type) => ({ type })) },
    depth,
    assurance,
    evidence,
    ...(build === undefined ? {} : { build }),
    ...(signIn === undefined ? {} : { signIn: signInFor(signIn, now) }),
    nowSeconds: now,
    asserted,
  };
}

const signInFor = (
  { secondsAgo, acr }: NonNullable<z.infer<typeof caseSchema>["ask"]["signIn"]>,
  nowSeconds: number,
): SignIn => ({
  ...(secondsAgo === undefined ? {} : { atSeconds: nowSeconds - secondsAgo }),
  ...(acr === undefined ? {} : { acr }),
});

/** Puts one case's question to the policies. */
export function runCase(one: PolicyCase, registry: RegistrySnapshot, engine: PolicyEngine): CaseOutcome {
  const decision = engine.decide(registry, one.question);
  const why = difference(one, decision);
  return { passed: why === undefined, decision, ...(why === undefined ? {} : { why }) };
}

const otherwise = {
  ...{ permitted: "permitted", approval: "not without approval" },
  ...{ "sign-in": "not without another sign-in", refused: "refused" },
} as const;

function difference({ expect, by, missing }: PolicyCase, decision: PolicyDecision): string | undefined {
  const said = decision.allowed
    ? `permitted by ${decision.policies.join(", ") || "log-only mode"}`
    : `${otherwise[turnOf(decision)]}: ${decision.why}`;
  if (turnOf(decision) !== expect) return said;
  const absent = by.find((name) => !decision.policies.includes(name));
  if (absent !== undefined) return `${said}; ${absent} had no part in it`;
  if (missing !== undefined && !decision.allowed && decision.missing.who !== missing)
    return `${said}; that is the ${decision.missing.who}, not the ${missing}`;
  return undefined;
}
