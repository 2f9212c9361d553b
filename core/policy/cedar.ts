import type { PolicyDecision, PolicyEngine, Verdict } from "../model/decision.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { type AnswerMemory, createAnswerMemory } from "./answers.ts";
import { type Answer, ask, type CedarModule, denied, verdictOf } from "./ask.ts";
import { type CedarCall, type CedarRequest, toRequests } from "./requests.ts";
import { createSlices, type ParsedPolicy, type Slice } from "./slices.ts";
import { visible } from "./visible.ts";

/** Parsed sets live in the wasm module by id and cannot be evicted: ids are an engine's, overwritten by each version. */
let engines = 0;

type Slices = (action: string) => Slice | string;

/** What is made of one registry version, and dropped with it. */
interface Prepared {
  readonly registry: RegistrySnapshot;
  /** Slices of the policies that count, and of all of them where some are only logged. */
  readonly counting: Slices;
  readonly all: Slices | undefined;
  readonly answers: AnswerMemory;
}

/**
 * Decides with Cedar over the snapshot's policies: default deny, forbid wins; principal, agent and task must each be
 * permitted. Whatever cannot be parsed or evaluated is a deny too: Cedar itself skips a policy that errors, and a
 * skipped forbid would permit.
 *
 * Each question is put to the policies that can speak of its action, with what those can see of it, and its answer is
 * remembered within the version unless they can see the time. Requests are not validated: `toRequests` makes none that
 * the schema would refuse, which a test holds for every shape.
 * @param cedar the loaded module
 * @returns an engine that keeps the newest snapshot's policies parsed
 */
export function createCedarEngine(cedar: CedarModule): PolicyEngine {
  engines += 1;
  const id = `registry-${engines}`;
  let prepared: Prepared | undefined;
  /** Why this very snapshot's policies cannot be read. */
  let torn: { readonly registry: RegistrySnapshot; readonly problem: string } | undefined;

  const prepare = (registry: RegistrySnapshot): Prepared | string => {
    if (prepared?.registry === registry) return prepared;
    if (torn?.registry === registry) return torn.problem;
    prepared = undefined;
    const parsed = parse(cedar, registry);
    if (typeof parsed === "string") {
      torn = { registry, problem: parsed };
      return parsed;
    }
    const enforced = parsed.filter(({ policy }) => policy.mode !== "log");
    const counting = createSlices(cedar, id, enforced);
    const all = enforced.length < parsed.length ? createSlices(cedar, `${id}-all`, parsed) : undefined;
    prepared = { registry, counting, all, answers: createAnswerMemory() };
    return prepared;
  };

  return {
    decide(registry, question): PolicyDecision {
      try {
        const ready = prepare(registry);
        if (typeof ready === "string") return denied(ready);
        const requests = toRequests(registry, question);
        if (typeof requests === "string") return denied(requests);
        const evaluate = (slices: Slices) =>
          evaluateAll(requests, (call) => put(call, { cedar, slices, answers: ready.answers }));
        const verdict = evaluate(ready.counting);
        const would = ready.all ? evaluate(ready.all) : verdict;
        const lenient = registry.agent(question.agent)?.policyMode === "log";
        return combine(verdict, would, lenient);
      } catch (cause) {
        prepared = undefined; // a trapped wasm module may have lost its sets
        return denied(`policies could not be evaluated: ${cause instanceof Error ? cause.message : String(cause)}`);
      }
    },
  };
}

/** Every policy in JSON form, or in a sentence why one cannot be read: then nobody knows what it would have said. */
function parse(cedar: CedarModule, { policies }: RegistrySnapshot): readonly ParsedPolicy[] | string {
  const parsed: ParsedPolicy[] = [];
  for (const policy of policies) {
    const answer = cedar.policyToJson(policy.cedar);
    if (answer.type === "failure") return `policies could not be read: ${answer.errors[0]?.message ?? "unknown"}`;
    parsed.push({ policy, json: answer.json });
  }
  return parsed;
}

/** Who is asked: the engine, the slices of its policies, and what they answered before. */
interface Asked {
  readonly cedar: CedarModule;
  readonly slices: Slices;
  readonly answers: AnswerMemory;
}

/** Puts one question to the slice of its action, or finds what was answered to the same before. */
function put(whole: CedarCall, { cedar, slices, answers }: Asked): Answer | string {
  const slice = slices(whole.action.id);
  if (typeof slice === "string") return slice;
  const call = visible(whole, slice.reads);
  const timeless = !("now" in call.context);
  const question = timeless ? JSON.stringify([slice.policies, call]) : "";
  const known = timeless ? answers.get(question) : undefined;
  if (known) return known;
  const answer = ask(cedar, slice, call);
  if (timeless && typeof answer !== "string") answers.put(question, answer);
  return answer;
}

/** The first refusal in order, or every policy that permitted any of them. */
function evaluateAll(requests: readonly CedarRequest[], answerOf: (call: CedarCall) => Answer | string): Verdict {
  const policies = new Set<string>();
  for (const { call, missing } of requests) {
    const verdict = verdictOf(answerOf(call), missing);
    if (!verdict.allowed) return verdict;
    for (const name of verdict.policies) policies.add(name);
  }
  return { allowed: true, policies: [...policies].sort() };
}

/** What counts, with what was only logged beside it; an agent is spared a refusal, never an unanswerable question. */
function combine(verdict: Verdict, would: Verdict, lenient: boolean): PolicyDecision {
  if (lenient && !verdict.allowed && verdict.missing.who !== "question")
    return { allowed: true, policies: [], logged: verdict };
  return verdict.allowed === would.allowed ? verdict : { ...verdict, logged: would };
}
