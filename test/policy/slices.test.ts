import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { PolicyDecision, PolicyQuestion, Verdict } from "../../core/model/decision.ts";
import type { PolicyRegistration } from "../../core/model/registry.ts";
import { createSnapshot, type RegistrySnapshot } from "../../core/model/snapshot.ts";
import { type Answer, ask, preparsePolicies, preparseSchema, verdictOf } from "../../core/policy/ask.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { type CedarCall, toRequests } from "../../core/policy/requests.ts";
import { policySchema } from "../../core/policy/schema.ts";
import { createSlices } from "../../core/policy/slices.ts";
import { visible } from "../../core/policy/visible.ts";
import { baseRows, idp, trustDomain } from "../kit/registry.ts";
import { neighbours, policyTexts, questions, tellings, variants } from "./random.ts";

const people = {
  kind: "trusted-issuer",
  name: "people",
  purpose: "person",
  issuer: idp,
  algorithms: ["ES256"],
  groups: { claim: "groups", names: ["support", "sales"] },
} as const;
const registryOf = (policies: readonly PolicyRegistration[]): RegistrySnapshot =>
  createSnapshot(1, trustDomain, [
    ...baseRows.filter(({ kind, name }) => kind !== "policy" && name !== "people"),
    people,
    ...policies,
  ]);
const policy = (name: string, text: string, mode?: "log"): PolicyRegistration => ({
  kind: "policy",
  name,
  cedar: text,
  ...(mode ? { mode } : {}),
});
const parsed = (it: PolicyRegistration) => {
  const answer = cedar.policyToJson(it.cedar);
  if (answer.type === "failure") throw new Error(`${answer.errors[0]?.message}: ${it.cedar}`);
  return { policy: it, json: answer.json };
};
const requestsOf = (registry: RegistrySnapshot, question: PolicyQuestion) => {
  const requests = toRequests(registry, question);
  if (typeof requests === "string") throw new Error(requests);
  return requests;
};

const kept = { schema: "whole", policies: "whole" };
preparseSchema(cedar, kept.schema, policySchema);
/** All policies, asked with all that there is to tell and held against the schema. */
function wholeOf(policies: readonly PolicyRegistration[]): (call: CedarCall) => Answer | string {
  const problem = preparsePolicies(cedar, kept.policies, policies);
  if (problem !== undefined) throw new Error(problem);
  return (call) => ask(cedar, kept, call);
}

const permitAll = policy("all", "permit (principal, action, resource);");
const policySets = fc
  .array(fc.tuple(policyTexts, fc.constantFrom(undefined, undefined, "log" as const)), { minLength: 1, maxLength: 5 })
  .map((texts) => [permitAll, ...texts.map(([text, mode], n) => policy(`p${n}`, text, mode))]);

describe("a slice, asked with what its policies can see", () => {
  property.prop([policySets, questions], { numRuns: 300 })(
    "answers as the whole does that is told everything: the same decision by the same policies, the same that cannot be evaluated",
    (policies, question) => {
      const slices = createSlices(cedar, "sliced", policies.map(parsed));
      const whole = wholeOf(policies);
      for (const { call } of requestsOf(registryOf(policies), question)) {
        const slice = slices(call.action.id);
        if (typeof slice === "string") throw new Error(slice);
        expect(ask(cedar, slice, visible(call, slice.reads))).toEqual(whole(call));
      }
    },
  );
});

const unannotated = { approvals: new Map(), signIns: new Map() };

/** The engine as it would be without slices, without leaving anything out, and without memory. */
function wholeEngine(policies: readonly PolicyRegistration[]): (question: PolicyQuestion) => PolicyDecision {
  const registry = registryOf(policies);
  const decided = (counting: readonly PolicyRegistration[], question: PolicyQuestion): Verdict => {
    const whole = wholeOf(counting);
    const permitted = new Set<string>();
    for (const { call, missing } of requestsOf(registry, question)) {
      const verdict = verdictOf(whole(call), missing, { rules: unannotated, asker: question });
      if (!verdict.allowed) return verdict;
      for (const name of verdict.policies) permitted.add(name);
    }
    return { allowed: true, policies: [...permitted].sort() };
  };
  return (question) => {
    const verdict = decided(
      policies.filter(({ mode }) => mode !== "log"),
      question,
    );
    const would = decided(policies, question);
    return verdict.allowed === would.allowed ? verdict : { ...verdict, logged: would };
  };
}

describe("the engine's memory", () => {
  const decidesAsWhole = (policies: readonly PolicyRegistration[], asked: readonly PolicyQuestion[]) => {
    const [engine, registry, whole] = [createCedarEngine(cedar), registryOf(policies), wholeEngine(policies)];
    const meant = asked.map(whole);
    for (let again = 0; again < 2; again++)
      expect(asked.map((question) => engine.decide(registry, question))).toEqual(meant);
  };

  property.prop([policySets, neighbours], { numRuns: 60 })(
    "never gives one question another's answer, whatever the policies",
    decidesAsWhole,
  );

  test.each(tellings)("tells questions apart that a policy tells apart by %s", (condition) => {
    const forbid = policy("forbid", `forbid (principal, action, resource) when { ${condition} };`);
    decidesAsWhole([permitAll, forbid], variants);
    decidesAsWhole([permitAll, { ...forbid, mode: "log" }], [...variants].reverse());
  });
});
