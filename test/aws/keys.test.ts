import { fc, test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { intersection, type Keys, union } from "../../core/aws/keys.ts";

const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 3 });
const keys = fc.array(fc.record({ text, open: fc.boolean() }), { maxLength: 4 });
const has = (set: readonly Keys[], key: string) =>
  set.some(({ text: own, open }) => (open ? key.startsWith(own) : key === own));

describe("sets of keys", () => {
  property.prop([keys, keys, text], { numRuns: 2_000 })(
    "have in common what is in both, and together what is in any",
    (a, b, key) => {
      expect(has(intersection(a, b), key)).toBe(has(a, key) && has(b, key));
      expect(has(union([...a, ...b]), key)).toBe(has(a, key) || has(b, key));
    },
  );

  property.prop([keys])("say nothing twice", (a) => {
    const once = union(a);
    for (const one of once)
      expect(once.filter((other) => other !== one).some((other) => other.open && one.text.startsWith(other.text))).toBe(
        false,
      );
    expect(new Set(once.map((one) => JSON.stringify(one))).size).toBe(once.length);
  });
});
