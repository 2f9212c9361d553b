import type * as cedarWasm from "@cedar-policy/cedar-wasm/nodejs";
import type { Missing, PolicyDecision, PolicyEngine, Verdict } from "../model/decision.ts";
import type { PolicyRegistration } from "../model/registry.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { type CedarRequest, toRequests } from "./requests.ts";
import { policySchema } from "./schema.ts";

const schemaName = "lanyard";
/** Parsed sets live in the wasm module by id and cannot be evicted: two ids an engine, overwritten by each version. */
let engines = 0;

/** What is parsed of one registry version: the policies that count, and all of them where some are only logged. */
interface Parsed {
  readonly registry: RegistrySnapshot;
  readonly problem: string | undefined;
  readonly logging: boolean;
}

/**
 * Decides with Cedar over the snapshot's policies: default deny, forbid wins; principal, agent and task must each be
 * permitted. Whatever cannot be parsed or evaluated is a deny too: Cedar itself skips a policy that errors, and a
 * skipped forbid would permit.
 * @param cedar the loaded module
 * @returns an engine that keeps the newest snapshot's policies parsed (about 0.2 ms a request to Cedar, of which a
 * grant makes two and one a scope)
 */
export function createCedarEngine(cedar: CedarModule): PolicyEngine {
  engines += 1;
  const counting = `registry-${engines}`;
  const all = `registry-${engines}-all`;
  let parsed: Parsed | undefined;

  const prepare = (registry: RegistrySnapshot): Parsed => {
    if (parsed?.registry === registry) return parsed;
    parsed = undefined;
    preparseSchema(cedar, schemaName, policySchema);
    const enforced = registry.policies.filter((policy) => policy.mode !== "log");
    const logging = enforced.length < registry.policies.length;
    const problem =
      preparsePolicies(cedar, counting, enforced) ??
      (logging ? preparsePolicies(cedar, all, registry.policies) : undefined);
    parsed = { registry, problem, logging };
    return parsed;
  };

  const evaluate = (requests: readonly CedarRequest[], policies: string): Verdict =>
    askCedar(cedar, { schema: schemaName, policies }, requests);

  return {
    decide(registry, question): PolicyDecision {
      try {
        const { problem, logging } = prepare(registry);
        if (problem !== undefined) return denied(problem);
        const requests = toRequests(registry, question);
        if (typeof requests === "string") return denied(requests);
        const verdict = evaluate(requests, counting);
        const would = logging ? evaluate(requests, all) : verdict;
        const lenient = registry.agent(question.agent)?.policyMode === "log";
        return combine(verdict, would, lenient);
      } catch (cause) {
        parsed = undefined; // a trapped wasm module may have lost its sets
        return denied(`policies could not be evaluated: ${cause instanceof Error ? cause.message : String(cause)}`);
      }
    },
  };
}

/** What counts, with what was only logged beside it; an agent is spared a refusal, never an unanswerable question. */
function combine(verdict: Verdict, would: Verdict, lenient: boolean): PolicyDecision {
  if (lenient && !verdict.allowed && verdict.missing.who !== "question")
    return { allowed: true, policies: [], logged: verdict };
  return verdict.allowed === would.allowed ? verdict : { ...verdict, logged: would };
}

/**
 * The loaded wasm module, whichever build of it: in a bundled function `/web` after `initSync({ module: bytes })`,
 * under plain Node `/nodejs`. Core reads no files, so whoever wires it loads it.
 */
export type CedarModule = Pick<
  typeof cedarWasm,
  "preparseSchema" | "preparsePolicySet" | "statefulIsAuthorized" | "policyToJson" | "validate"
>;

type Refusal = Extract<Verdict, { allowed: false }>;

/** A refusal; of the question itself unless `missing` says of what. */
const denied = (why: string, missing: Missing = { who: "question" }, policies: readonly string[] = []): Refusal => ({
  allowed: false,
  policies,
  missing,
  why,
});

/**
 * Keeps a schema in the wasm module, over whatever had the name.
 * @throws Error when it does not parse
 */
export function preparseSchema(cedar: CedarModule, name: string, text: string): void {
  const answer = cedar.preparseSchema(name, text);
  if (answer.type === "failure") throw new Error(answer.errors[0]?.message ?? "the schema does not parse");
}

/**
 * Keeps policies in the wasm module, over whatever had the id.
 * @returns in a sentence why they cannot be read; nothing when they are kept
 */
export function preparsePolicies(
  cedar: CedarModule,
  id: string,
  policies: readonly Pick<PolicyRegistration, "name" | "cedar">[],
): string | undefined {
  const staticPolicies = Object.fromEntries(policies.map((p) => [p.name, p.cedar]));
  const answer = cedar.preparsePolicySet(id, { staticPolicies });
  return answer.type === "failure"
    ? `policies could not be read: ${answer.errors[0]?.message ?? "unknown"}`
    : undefined;
}

/**
 * Puts requests to Cedar, in order, until one is refused.
 * @param kept names of what was kept before: every request must be valid against the schema
 * @returns the first refusal, or every policy that permitted any of them
 */
export function askCedar(
  cedar: CedarModule,
  kept: { readonly schema: string; readonly policies: string },
  requests: readonly CedarRequest[],
): Verdict {
  const settings = { preparsedSchemaName: kept.schema, validateRequest: true, preparsedPolicySetId: kept.policies };
  const policies = new Set<string>();
  for (const { call, missing } of requests) {
    const verdict = verdictOf(cedar.statefulIsAuthorized({ ...call, ...settings }), missing);
    if (!verdict.allowed) return verdict;
    for (const name of verdict.policies) policies.add(name);
  }
  return { allowed: true, policies: [...policies].sort() };
}

function verdictOf(answer: cedarWasm.AuthorizationAnswer, missing: Missing): Verdict {
  if (answer.type === "failure") return denied(`the question is not valid: ${answer.errors[0]?.message ?? "unknown"}`);
  const { decision, diagnostics } = answer.response;
  const reasons = [...diagnostics.reason].sort();
  const broken = diagnostics.errors.map((e) => e.policyId).sort();
  if (broken.length > 0) return denied(`could not be evaluated: ${broken.join(", ")}`, { who: "question" }, broken);
  if (decision === "allow") return { allowed: true, policies: reasons };
  const what = missing.who === "task" ? `the use of ${missing.tool}` : `the ${missing.who}`;
  return reasons.length > 0
    ? denied(`${what} is forbidden by ${reasons.join(", ")}`, missing, reasons)
    : denied(`no policy permits ${what}`, missing);
}
