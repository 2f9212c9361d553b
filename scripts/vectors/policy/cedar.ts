import { posix } from "node:path";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { z } from "zod";
import { ask, preparsePolicies, preparseSchema, verdictOf } from "../../../core/policy/ask.ts";
import { validated } from "../../../core/policy/check.ts";
import type { CedarRequest } from "../../../core/policy/requests.ts";
import { type Evaluated, eachCase, topic, unreadable, type VectorDocument } from "../document.ts";
import type { VectorFolder } from "../folder.ts";

const entity = z.looseObject({ type: z.string(), id: z.string() });
const request = z.looseObject({
  description: z.string(),
  principal: entity,
  action: entity,
  resource: entity,
  context: z.record(z.string(), z.unknown()),
  decision: z.enum(["allow", "deny"]),
  reason: z.array(z.string()),
  errors: z.array(z.string()),
});
const expected = { shouldValidate: z.boolean(), requests: z.array(z.unknown()) };

/** One test of Cedar's own: policies, who there is, and what is asked. */
interface CedarTest {
  readonly policies: string;
  readonly schema: string;
  readonly entities: readonly unknown[];
  readonly shouldValidate: boolean;
  readonly requests: readonly unknown[];
}

/** One id for schema and set: each case keeps its own over the last one's. */
const kept = { schema: "vectors", policies: "vectors" };

/** A text of several policies, named by their places as Cedar names them. */
function partsOf(text: string): readonly { readonly name: string; readonly cedar: string }[] {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === "failure") throw new Error(parts.errors[0]?.message ?? "the policies do not parse");
  if (parts.policy_templates.length > 0) throw new Error("templates are no policies here");
  // the parts come in the order of their ids, in which policy10 stands before policy2
  const names = parts.policies.map((_, index) => `policy${index}`).sort();
  return parts.policies.map((text, index) => ({ name: names[index] ?? "", cedar: text }));
}

/** Validates every policy as the registry does; what it refuses for a warning of Cedar's alone is `policy`. */
function evaluatePolicies({ policies, schema }: CedarTest): Evaluated {
  const found = validated(cedar, partsOf(policies), schema);
  const problems = [...found].flatMap(([{ name }, of]) => of.map((problem) => ({ ...problem, name })));
  const worst = problems.find(({ warning }) => !warning) ?? problems[0];
  if (!worst) return { outcome: "valid", reason: "every policy may be stored" };
  return { outcome: worst.warning ? "policy" : "invalid", reason: `${worst.name}: ${worst.message}` };
}

/** The vectors' policies have no annotations, and nobody signs in. */
const unannotated = {
  rules: { approvals: new Map(), signIns: new Map() },
  asker: { principal: { id: "", kind: "agent" }, nowSeconds: 0 },
} as const;

type Asked = z.infer<typeof request>;

/** Asks as the engine does, with the test's schema in the place of ours. */
function evaluateRequest(test: CedarTest, asked: Asked): Evaluated {
  preparseSchema(cedar, kept.schema, test.schema);
  const problem = preparsePolicies(cedar, kept.policies, partsOf(test.policies));
  if (problem !== undefined) throw new Error(problem);
  const { principal, action, resource, context } = asked;
  const call = { principal, action, resource, context, entities: [...test.entities] } as CedarRequest["call"];
  const verdict = verdictOf(ask(cedar, kept, call), { who: "agent" }, unannotated);
  const by = verdict.policies.join(", ") || "no policy";
  const meant = asked.errors.length > 0 ? asked.errors : asked.reason;
  if (!sameNames(verdict.policies, meant)) throw new Error(`decided by ${by}, where the note says ${meant.join(", ")}`);
  return verdict.allowed
    ? { outcome: "valid", reason: `permitted by ${by}` }
    : { outcome: "invalid", reason: verdict.why };
}

const sameNames = (a: readonly string[], b: readonly string[]): boolean => a.join() === [...b].sort().join();

/** Where a test stands; one of several in a file has an id before its names. */
interface CedarPlace {
  readonly folder: VectorFolder;
  readonly file: string;
  readonly id: string;
}

/** The documents of a test. A policy that cannot be evaluated refuses here whatever the others say. */
function documentsOf(test: CedarTest, { folder, file, id }: CedarPlace): readonly VectorDocument[] {
  const said = test.shouldValidate ? "valid" : "invalid";
  const policies: VectorDocument = {
    file: folder.label(file, `${id}policies`),
    said,
    expected: test.shouldValidate ? ["valid", "policy"] : ["invalid"],
    evaluate: () => evaluatePolicies(test),
  };
  const requests = eachCase(test.requests, { folder, file, shape: request }, (asked) => ({
    file: folder.label(file, `${id}${asked.description}`),
    said: asked.decision,
    expected: [asked.decision === "allow" && asked.errors.length === 0 ? ("valid" as const) : ("invalid" as const)],
    evaluate: () => evaluateRequest(test, asked),
  }));
  return [policies, ...requests];
}

const paths = z.looseObject({ policies: z.string(), entities: z.string(), schema: z.string(), ...expected });

/** Cedar's integration tests, whose files are named from a folder that this one lies in. */
export const cedarTests = topic(/^(\d{1,3}[a-z]?|[0-9a-f]{40})\.json$/, paths, (given, folder, file) => {
  const root = folder.above(posix.dirname(given.policies));
  const entities = root.json(given.entities);
  if (!Array.isArray(entities)) return [unreadable(folder.label(file), `${given.entities} is no list`)];
  return documentsOf(
    { ...given, policies: root.text(given.policies), schema: root.text(given.schema), entities },
    { folder, file, id: "" },
  );
});

const inline = z.looseObject({
  id: z.string(),
  policies: z.string(),
  schema: z.string(),
  entities: z.array(z.unknown()),
  ...expected,
});

/** A list of such tests in one file. */
export const cedarCorpus = topic(/^corpus-[a-z-]+\.json$/, z.array(z.unknown()), (tests, folder, file) =>
  eachCase(tests, { folder, file, shape: inline }, (test) =>
    documentsOf(test, { folder, file, id: `${test.id.slice(0, 12)} ` }),
  ),
);
