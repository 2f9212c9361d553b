import { fc, test as prop } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { nearest } from "../../core/admin/revoke/target.ts";

// a file of its own: the hooks of a file run once for every try of a property
describe("the nearest name", () => {
  const name = fc.stringMatching(/^[a-z][a-z-]{3,30}$/);
  prop.prop([name, fc.nat(), fc.constantFrom("drop", "put in", "exchange", "capital")])(
    "is found after one slip of the keyboard, whatever the slip",
    (right, at, slip) => {
      const i = at % right.length;
      const [before, letter, after] = [right.slice(0, i), right[i] ?? "", right.slice(i + 1)];
      const middle = { drop: "", "put in": `${letter}q`, exchange: "q", capital: letter.toUpperCase() }[slip];
      expect(nearest(before + middle + after, ["something-far-away-from-all-of-these", right])).toBe(right);
    },
  );
  prop.prop([name, name])("is never one that is more than two letters longer or shorter", (wrong, other) => {
    if (Math.abs(wrong.length - other.length) > 2) expect(nearest(wrong, [other])).toBeUndefined();
  });
});
