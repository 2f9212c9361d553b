import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { registryDifference } from "../../core/registry/difference.ts";
import type { Registration } from "../../core/registry/model.ts";
import { agent, baseRows, customers, tickets } from "../fakes/registry.ts";

const planner = agent("planner", { may: [{ resource: tickets, scopes: ["tickets:read"] }] });

describe("the difference of two versions", () => {
  test("names every value that changed, by its path, before and after", () => {
    const after = agent("planner", { may: [{ resource: tickets, scopes: ["tickets:write"] }], maxDepth: 2 });
    expect(registryDifference([planner], [after]).changed).toEqual([
      {
        name: "agent planner",
        values: [
          { path: "may.0.scopes", before: ["tickets:read"], after: ["tickets:write"] },
          { path: "maxDepth", before: undefined, after: 2 },
        ],
      },
    ]);
  });

  test("does not guess what moved in a list that grew", () => {
    const after = agent("planner", { may: [{ resource: customers, scopes: ["customers:read"] }, ...planner.may] });
    expect(registryDifference([planner], [after]).changed[0]?.values).toEqual([
      { path: "may", before: planner.may, after: after.may },
    ]);
  });

  test("takes one name in two kinds for two registrations", () => {
    const policy: Registration = { kind: "policy", name: "planner", cedar: "permit (principal, action, resource);" };
    expect(registryDifference([planner], [policy])).toEqual({
      added: ["policy planner"],
      changed: [],
      removed: ["agent planner"],
    });
  });

  property.prop([fc.shuffledSubarray([...baseRows]), fc.shuffledSubarray([...baseRows])])(
    "what is added one way is removed the other, and a version does not differ from itself in any order",
    (one, other) => {
      const [there, back] = [registryDifference(one, other), registryDifference(other, one)];
      expect([...there.added].sort()).toEqual([...back.removed].sort());
      expect(there.changed).toEqual([]);
      expect(registryDifference(one, [...one].reverse())).toEqual({ added: [], changed: [], removed: [] });
    },
  );
});
