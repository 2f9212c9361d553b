import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { checkPattern, matchesPattern } from "../../local/emulator/events/pattern.ts";

const cases: [string, unknown, unknown, boolean][] = [
  ["an exact value", { source: ["lanyard"] }, { source: "lanyard" }, true],
  ["another value", { source: ["lanyard"] }, { source: "other" }, false],
  ["one of several values", { source: ["a", "b"] }, { source: "b" }, true],
  ["a number, not its text", { n: [1] }, { n: "1" }, false],
  ["null by null", { a: [null] }, { a: null }, true],
  ["absence by null", { a: [null] }, {}, false],
  ["a prefix", { a: [{ prefix: "se" }] }, { a: "session" }, true],
  ["a suffix", { a: [{ suffix: "on" }] }, { a: "session" }, true],
  ["a prefix without case", { a: [{ prefix: { "equals-ignore-case": "SE" } }] }, { a: "session" }, true],
  ["a value without case", { a: [{ "equals-ignore-case": "SESSION" }] }, { a: "session" }, true],
  ["a wildcard", { a: [{ wildcard: "s*n" }] }, { a: "session" }, true],
  ["a wildcard whose dot is a dot", { a: [{ wildcard: "s.*" }] }, { a: "session" }, false],
  ["a number's range", { a: [{ numeric: [">", 1, "<=", 5] }] }, { a: 5 }, true],
  ["outside a range", { a: [{ numeric: [">", 1, "<=", 5] }] }, { a: 6 }, false],
  ["anything but a list", { a: [{ "anything-but": ["x", "y"] }] }, { a: "z" }, true],
  ["anything but a prefix", { a: [{ "anything-but": { prefix: "x" } }] }, { a: "xyz" }, false],
  ["what exists", { a: { b: [{ exists: true }] } }, { a: { b: 0 } }, true],
  ["what does not exist", { a: { b: [{ exists: false }] } }, { a: {} }, true],
  ["either of $or", { $or: [{ a: ["x"] }, { b: ["y"] }] }, { b: "y" }, true],
  ["any member of a list", { a: ["x"] }, { a: ["w", "x"] }, true],
  ["a member's field", { a: { b: ["x"] } }, { a: [{ b: "w" }, { b: "x" }] }, true],
  ["all fields together", { a: ["x"], b: ["y"] }, { a: "x", b: "z" }, false],
];

describe("event patterns", () => {
  it.each(cases)("evaluate %s", (_name, pattern, event, expected) => {
    expect(matchesPattern(pattern, event)).toBe(expected);
  });

  it("refuse an operator that is not known, before any event comes", () => {
    expect(() => checkPattern({ a: [{ cidr: "10.0.0.0/8" }] })).toThrow(/cidr/);
    expect(() => checkPattern({ $or: [{ a: [{ fuzzy: 1 }] }] })).toThrow(/fuzzy/);
    expect(() => checkPattern(["a"])).toThrow(/object/);
  });

  test.prop([fc.string(), fc.string()])("match a value by its own text and no other", (value, other) => {
    expect(matchesPattern({ a: [value] }, { a: value })).toBe(true);
    expect(matchesPattern({ a: [value] }, { a: other })).toBe(value === other);
  });
});
