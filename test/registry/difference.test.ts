import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { Registration } from "../../core/model/registry.ts";
import { registryDifference } from "../../core/model/registry-difference.ts";
import { differenceLines } from "../../core/registry/difference-lines.ts";
import { agent, baseRows, customers, tickets } from "../kit/registry.ts";

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

  test("shows long values from where they part: two policies often begin alike", () => {
    const head = `permit (principal, action, resource) when { ${"context.depth < 9 && ".repeat(20)}`;
    const policy = (tail: string): Registration => ({ kind: "policy", name: "p", cedar: `${head}${tail}` });
    const [, line = ""] = differenceLines(registryDifference([policy("a };")], [policy("bc };")]));
    expect(line).toMatch(/^ {4}cedar: ….{40}a };" → ….{40}bc };"$/);
    const [, whole] = differenceLines(registryDifference([policy("")], [policy("x".repeat(1_000))]));
    expect(whole?.length).toBeLessThan(400);
  });

  property.prop([fc.string({ maxLength: 400 }), fc.string({ maxLength: 400 })])(
    "never shows two values that differ as if they did not",
    (before, after) => {
      fc.pre(before !== after);
      const policy = (cedar: string): Registration => ({ kind: "policy", name: "p", cedar });
      const [, line = ""] = differenceLines(registryDifference([policy(before)], [policy(after)]));
      const said = line.slice("    cedar: ".length);
      const half = (said.length - " → ".length) / 2;
      expect(said.slice(0, half)).not.toBe(said.slice(half + " → ".length));
    },
  );

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

describe("a difference that takes prohibitions away", () => {
  const guard: Registration = { kind: "policy", name: "guard", cedar: "forbid (principal, action, resource);" };

  test("says so in words, and not only by a name with a minus before it", () => {
    const lines = differenceLines(registryDifference([planner, guard], [planner]));
    expect(lines).toContain("- policy guard");
    expect(lines.at(-1)).toMatch(
      /^! policy guard would be taken away: what was forbidden by it alone may be had again/,
    );
  });

  test("says so too of a policy that would only be logged", () => {
    const lines = differenceLines(registryDifference([guard], [{ ...guard, mode: "log" }]));
    expect(lines.at(-1)).toMatch(/^! policy guard would only be logged/);
  });

  test("says nothing of the kind of others", () => {
    for (const [before, after] of [
      [[planner], []],
      [[], [guard]],
      [[{ ...guard, mode: "log" } as Registration], [guard]],
    ] as const)
      expect(differenceLines(registryDifference(before, after)).filter((line) => line.startsWith("!"))).toEqual([]);
  });
});
