import { type ApprovalRule, type PolicyDecision, type PolicyEngine, turnOf, type Verdict } from "../model/decision.ts";
import type { SignInRule } from "../model/sign-in.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { type AnswerMemory, createAnswerMemory } from "./answers.ts";
import { approvalRuleOf } from "./approvals.ts";
import { type Annotations, type Answer, type Asker, ask, type CedarModule, denied, verdictOf } from "./ask.ts";
import { type CedarCall, type CedarRequest, toRequests } from "./requests.ts";
import { enoughForAll, enoughForOne, signInRuleOf } from "./sign-ins.ts";
import { createSlices, type ParsedPolicy, type Slice } from "./slices.ts";
import { visible } from "./visible.ts";

/**
 * Parsed sets live in the wasm module by id and cannot be removed. Each engine therefore has ids of its own, and every
 * new version overwrites them.
 */
let engines = 0;

type Slices = (action: string) => Slice | string;

/** What is prepared for one registry version, and dropped when another one comes. */
interface Prepared {
  readonly registry: RegistrySnapshot;
  /** Slices of the policies that are enforced; and of all policies, where some are only logged. */
  readonly counting: Slices;
  readonly all: Slices | undefined;
  readonly answers: AnswerMemory;
  readonly rules: Annotations;
}

/**
 * Decides with Cedar over the snapshot's policies: default deny, forbid wins; principal, agent, task and a person who
 * owns the agent must each be permitted. A policy that cannot be parsed or evaluated is a deny too: Cedar itself skips a
 * policy that fails, and a skipped forbid would permit.
 *
 * Each question is put only to the policies that can apply to its action, and only with the data they can read. Its
 * answer is remembered within the version, unless those policies read the time. Requests are not validated against the
 * schema: a test proves that `toRequests` makes none the schema would refuse.
 * @param cedar the loaded module
 * @returns an engine that keeps the newest snapshot's policies parsed
 */
export function createCedarEngine(cedar: CedarModule): PolicyEngine {
  engines += 1;
  const id = `registry-${engines}`;
  let prepared: Prepared | undefined;
  /** The snapshot whose policies cannot be read, and why. */
  let torn: { readonly registry: RegistrySnapshot; readonly problem: string } | undefined;

  const prepare = (registry: RegistrySnapshot): Prepared | string => {
    if (prepared?.registry === registry) return prepared;
    if (torn?.registry === registry) return torn.problem;
    prepared = undefined;
    const parsed = parse(cedar, registry);
    const rules = typeof parsed === "string" ? parsed : annotationsOf(parsed);
    if (typeof parsed === "string" || typeof rules === "string") {
      torn = { registry, problem: String(typeof parsed === "string" ? parsed : rules) };
      return torn.problem;
    }
    const enforced = parsed.filter(({ policy }) => policy.mode !== "log");
    const counting = createSlices(cedar, id, enforced);
    const all = enforced.length < parsed.length ? createSlices(cedar, `${id}-all`, parsed) : undefined;
    prepared = { registry, counting, all, rules, answers: createAnswerMemory() };
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
          evaluateAll(requests, { rules: ready.rules, asker: question }, (call) =>
            put(call, { cedar, slices, answers: ready.answers }),
          );
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

/**
 * Every policy in JSON form; or in a sentence why one cannot be read. One unreadable policy refuses everything, since
 * it may be a forbid.
 */
function parse(cedar: CedarModule, { policies }: RegistrySnapshot): readonly ParsedPolicy[] | string {
  const parsed: ParsedPolicy[] = [];
  for (const policy of policies) {
    const answer = cedar.policyToJson(policy.cedar);
    if (answer.type === "failure") return `policies could not be read: ${answer.errors[0]?.message ?? "unknown"}`;
    parsed.push({ policy, json: answer.json });
  }
  return parsed;
}

/** What policies ask for. One whose annotations make no rule refuses everything, as if it did not parse. */
function annotationsOf(parsed: readonly ParsedPolicy[]): Annotations | string {
  const [approvals, signIns] = [new Map<string, ApprovalRule>(), new Map<string, SignInRule>()];
  for (const { policy, json } of parsed) {
    const [approval, signIn] = [approvalRuleOf(json), signInRuleOf(json)];
    if (!approval.ok) return `policies could not be read: ${policy.name}: ${approval.error}`;
    if (!signIn.ok) return `policies could not be read: ${policy.name}: ${signIn.error}`;
    if (approval.value) approvals.set(policy.name, approval.value);
    if (signIn.value) signIns.set(policy.name, signIn.value);
  }
  return { approvals, signIns };
}

/** What a question is put to: the engine, the slices of its policies, and the answers remembered so far. */
interface Asked {
  readonly cedar: CedarModule;
  readonly slices: Slices;
  readonly answers: AnswerMemory;
}

/** Puts one question to the slice of its action, unless its answer is remembered. */
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

/**
 * The first refusal in order; else the sign-in that is enough for all of it; else what people must approve, all of it
 * together; else every policy that permitted any of them.
 */
function evaluateAll(
  requests: readonly CedarRequest[],
  by: { readonly rules: Annotations; readonly asker: Asker },
  answerOf: (call: CedarCall) => Answer | string,
): Verdict {
  const policies = new Set<string>();
  const waits: Extract<Verdict, { needs: unknown }>[] = [];
  const wanted: SignInRule[] = [];
  let unsigned: Extract<Verdict, { signIn: SignInRule }> | undefined;
  for (const { call, missing } of requests) {
    const verdict = verdictOf(answerOf(call), missing, by);
    if (verdict.signIn) unsigned ??= verdict;
    else if (verdict.needs) waits.push(verdict);
    else if (!verdict.allowed) return verdict;
    for (const name of verdict.policies) policies.add(name);
    // also where it is right now: a new sign-in must be right for every part
    const enough = enoughForOne(verdict.policies, by.rules.signIns);
    if (enough) wanted.push(enough);
  }
  const determining = [...policies].sort();
  if (unsigned) {
    const signIn = enoughForAll(wanted);
    const refused = denied(unsigned.why, unsigned.missing, determining);
    return signIn ? { ...refused, signIn } : refused;
  }
  const [first] = waits;
  return first
    ? { ...first, policies: determining, needs: waits.flatMap(({ needs }) => needs) }
    : { allowed: true, policies: determining };
}

/**
 * The verdict that is enforced, with the one that is only logged. For an agent in log-only mode a refusal, or an
 * approval that is missing, is not enforced; a question that could not be answered always is.
 */
function combine(verdict: Verdict, would: Verdict, lenient: boolean): PolicyDecision {
  if (lenient && !verdict.allowed && verdict.missing.who !== "question")
    return { allowed: true, policies: [], logged: verdict };
  return turnOf(verdict) === turnOf(would) ? verdict : { ...verdict, logged: would };
}
