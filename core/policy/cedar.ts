import type { PolicyDecision, PolicyEngine, Verdict } from "../model/decision.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { askCedar, type CedarModule, denied, preparsePolicies, preparseSchema } from "./ask.ts";
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
