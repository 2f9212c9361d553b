import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Registration } from "../../core/model/registry.ts";
import { countsOf, registryDifference, sizeOf } from "../../core/model/registry-difference.ts";
import { appliedSchema } from "../../core/registry/applied.ts";
import { differenceLines } from "../../core/registry/difference-lines.ts";

const rows = fc.uniqueArray(
  fc.record({
    kind: fc.constantFrom("agent", "policy", "resource"),
    name: fc.constantFrom("a", "b", "c"),
    state: fc.option(fc.constantFrom("active", "suspended"), { nil: undefined }),
    may: fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 2 }),
  }),
  { selector: ({ kind, name }) => `${kind} ${name}`, maxLength: 6 },
) as unknown as fc.Arbitrary<readonly Registration[]>;

describe("a change of the registry", () => {
  test("is the same where it is read as where it was computed, in what it says and in its numbers", () => {
    fc.assert(
      fc.property(rows, rows, fc.nat(), (before, after, base) => {
        const difference = registryDifference(before, after);
        const applied = { version: base + 1, base, difference };
        const sent = JSON.stringify(applied);
        const read = appliedSchema.parse(JSON.parse(sent));
        expect(JSON.stringify(read)).toBe(sent);
        expect(differenceLines(read.difference)).toEqual(differenceLines(difference));
        const { added, changed, removed } = countsOf(read.difference);
        expect(sizeOf(difference)).toBe(added + changed + removed);
      }),
    );
  });

  const good = { version: 2, base: 1, difference: { added: ["agent a"], changed: [], removed: [] } };
  test.each([
    ["no version", { ...good, version: undefined }],
    ["a version that is none", { ...good, version: -1 }],
    ["a base that is a text", { ...good, base: "1" }],
    ["no difference", { version: 2, base: 1 }],
    ["names that are none", { ...good, difference: { ...good.difference, added: [{}] } }],
    [
      "values without a path",
      { ...good, difference: { ...good.difference, changed: [{ name: "agent a", values: [{}] }] } },
    ],
    ["a refusal", { error: "registry_stale" }],
    ["nothing", null],
  ])("is not read out of %s", (_, answer) => {
    expect(appliedSchema.safeParse(good).success).toBe(true);
    expect(appliedSchema.safeParse(answer).success).toBe(false);
  });
});
