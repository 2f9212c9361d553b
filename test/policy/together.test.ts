import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { describe, expect, test } from "vitest";
import type { PolicyRegistration } from "../../core/model/registry.ts";
import { checkPolicies } from "../../core/policy/check.ts";

const known = {
  agents: new Set(["planner"]),
  resources: new Set<string>(),
  tools: new Set<string>(),
  groups: new Set<string>(),
};
const policy = (name: string, text: string): PolicyRegistration => ({ kind: "policy", name, cedar: text });
const check = (...policies: readonly PolicyRegistration[]) => checkPolicies(cedar, policies, known);

const fine = policy("fine", 'permit (principal == Agent::"planner", action, resource);');
const wrong = {
  type: policy("type", "permit (principal, action, resource) when { context.depth };"),
  attribute: policy("attribute", "permit (principal, action, resource) when { context.colour == 1 };"),
  never: policy("never", 'permit (principal, action == Action::"use", resource) when { 1 == 2 };'),
  text: policy("text", "permit (principal, action"),
  agent: policy("agent", 'permit (principal == Agent::"nobody", action, resource);'),
};

describe("policies that are checked together", () => {
  test("are told of as each is alone, at its own place, whatever stands beside it", () => {
    const all = [fine, wrong.type, fine, wrong.text, wrong.never, wrong.attribute, wrong.agent].map((one, n) => ({
      ...one,
      name: `${one.name}-${n}`,
    }));
    const alone = all.flatMap((one, at) => check(one).map(({ message }) => ({ at, message })));
    expect(new Set(alone.map(({ at }) => at))).toEqual(new Set([1, 3, 4, 5, 6]));
    // Cedar names the actions of one policy in no order
    const sorted = (problems: typeof alone) => problems.map((one) => JSON.stringify(one)).sort();
    expect(sorted([...check(...all)])).toEqual(sorted(alone));
  });

  test("are all checked where two have one name: neither hides the other's fault", () => {
    const renamed = (one: PolicyRegistration) => ({ ...one, name: "same" });
    for (const pair of [
      [fine, wrong.type],
      [wrong.type, fine],
      [wrong.attribute, wrong.type],
    ])
      expect(new Set(check(...pair.map(renamed)).map(({ at }) => at))).toEqual(
        new Set(pair.flatMap((one, at) => (one === fine ? [] : [at]))),
      );
  });

  test("threat 25: one whose fault Cedar reports of no policy by its name is not let through by it", () => {
    const nameless = {
      ...cedar,
      validate: (call: Parameters<typeof cedar.validate>[0]) => {
        const answer = cedar.validate(call);
        if (answer.type === "failure") return answer;
        return { ...answer, validationErrors: answer.validationErrors.map((one) => ({ ...one, policyId: "policy0" })) };
      },
    };
    expect(new Set(checkPolicies(nameless, [fine, wrong.type], known).map(({ at }) => at))).toEqual(new Set([1]));
  });
});
