import { describe, expect, it, test } from "vitest";
import { ruleOf } from "../../../core/details/rules/table.ts";
import { ruleNames } from "../../../core/model/resource-registration.ts";
import { admits, narrower, understands, written } from "./ground.ts";

describe("one_of", () => {
  it("is narrower by being a subset, in any order", () => {
    expect(narrower("one_of", ["b", "a"], ["a", "b", "c"])).toBe(true);
    expect(narrower("one_of", ["a", "d"], ["a", "b", "c"])).toBe(false);
  });
  test.each([
    ["an empty list, which some readers take for everything", []],
    ["a text instead of a list", "a"],
    ["a name twice", ["a", "a"]],
    ["a number among the names", ["a", 1]],
    ["a list in the list", [["a"]]],
    ["an object with a length", { 0: "a", length: 1 }],
    ["a name with an invisible character", ["a\u200b"]],
    ["a name that turns the reading direction", ["a\u202eb"]],
    ["a name that is not in normal form C", ["e\u0301"]],
    ["half a surrogate pair", ["\ud800"]],
    ["a line break", ["a\nb"]],
    ["an empty name", [""]],
    ["a name of 1,025 characters", ["a".repeat(1025)]],
    ["201 names", Array.from({ length: 201 }, (_, i) => `n${i}`)],
  ])("does not understand %s", (_, value) => {
    expect(understands("one_of", value)).toBe(false);
    expect(narrower("one_of", value, ["a", "b"])).toBe(false);
  });
  it("admits a name by its exact text alone, and never a list or an object that prints like it", () => {
    expect(admits("one_of", ["a"], "a")).toBe(true);
    for (const actual of ["A", " a", "a ", ["a"], { toString: () => "a" }, undefined, null])
      expect(admits("one_of", ["a"], actual)).toBe(false);
  });
});

describe("not", () => {
  it("is narrower by excluding at least as much", () => {
    expect(narrower("not", ["a", "b", "c"], ["a", "b"])).toBe(true);
    expect(narrower("not", ["a"], ["a", "b"])).toBe(false);
    expect(narrower("not", ["c", "d", "e"], ["a"])).toBe(false);
  });
  it("is not walked around by a name's capitals, width, blanks or compatibility forms", () => {
    for (const actual of ["admin", "ADMIN", "Admin", " admin", "admin ", "ａｄｍｉｎ", "admın"])
      expect(admits("not", ["admin"], actual)).toBe(false);
    expect(admits("not", ["STRASSE"], "straße")).toBe(false);
    expect(admits("not", ["k"], "\u212a")).toBe(false);
    expect(admits("not", ["admin"], "administrator")).toBe(true);
  });
  it("admits nothing it cannot read: an exclusion must not be passed by what has no name", () => {
    for (const actual of [undefined, null, 1, "", ["x"], "adm\u200bin", "x\u0000"])
      expect(admits("not", ["admin"], actual)).toBe(false);
  });
  it("does not understand an empty list", () => expect(understands("not", [])).toBe(false));
});

describe("max, min and range", () => {
  test.each([
    ["max", 5, 5, true],
    ["max", 5.000001, 5, false],
    ["max", -1, 5, true],
    ["min", 5, 5, true],
    ["min", 4.999999, 5, false],
    ["range", { min: 1, max: 5 }, { min: 1, max: 5 }, true],
    ["range", { min: 2, max: 3 }, { min: 1, max: 5 }, true],
    ["range", { min: 0, max: 3 }, { min: 1, max: 5 }, false],
    ["range", { min: 2, max: 6 }, { min: 1, max: 5 }, false],
    ["range", { min: 2 }, { min: 1, max: 5 }, false],
    ["range", { max: 3 }, { min: 1, max: 5 }, false],
    ["range", { min: 2, max: 3 }, { min: 1 }, true],
  ])("%s: %j within %j is %s", (rule, inner, outer, expected) => {
    expect(narrower(rule, inner, outer)).toBe(expected);
  });
  test.each([
    ["infinity, which JSON.parse makes of 1e400", JSON.parse("1e400")],
    ["no number", Number.NaN],
    ["a number in quotes", "5"],
    ["a number other readers hold exactly and this one does not", JSON.parse("9007199254740993")],
    ["a list of one number", [5]],
    ["a boolean", true],
    ["null", null],
  ])("do not understand %s", (_, value) => {
    for (const rule of ["max", "min"]) {
      expect(understands(rule, value)).toBe(false);
      expect(admits(rule, 10, value)).toBe(false);
    }
    expect(understands("range", { min: 0, max: value })).toBe(false);
    expect(admits("range", { min: 0, max: 10 }, value)).toBe(false);
  });
  test.each([[{}], [{ min: 5, max: 1 }], [{ min: 1, max: 5, step: 1 }], [[1, 5]], [{ min: undefined }], ["1-5"]])(
    "range does not understand %j",
    (value) => expect(understands("range", value)).toBe(false),
  );
  it("takes minus zero for zero, as its JSON does", () => expect(written("max", -0)).toBe(0));
});

describe("before and after", () => {
  it("compare instants: a later text may be an earlier time", () => {
    expect(narrower("before", "2026-11-24T10:00:00+02:00", "2026-11-24T09:00:00Z")).toBe(true);
    expect(narrower("before", "2026-11-24T08:30:00-01:00", "2026-11-24T09:00:00Z")).toBe(false);
    expect(narrower("after", "2026-11-24T10:00:00Z", "2026-11-24T11:30:00+02:00")).toBe(true);
    expect(narrower("after", "2026-11-24T10:00:00+01:00", "2026-11-24T09:30:00Z")).toBe(false);
  });
  it("are stored in UTC, so that even a target that compares texts compares instants", () => {
    expect(written("before", "2026-11-24T10:00:00.5+02:00")).toBe("2026-11-24T08:00:00.500Z");
  });
  test.each([
    ["a day the calendar lacks", "2026-02-29T00:00:00Z"],
    ["the 31st of a month of 30", "2026-11-31T00:00:00Z"],
    ["month 13", "2026-13-01T00:00:00Z"],
    ["month 0", "2026-00-10T00:00:00Z"],
    ["hour 24", "2026-11-24T24:00:00Z"],
    ["a leap second", "2026-12-31T23:59:60Z"],
    ["a time without offset, which each reader places elsewhere", "2026-11-24T10:00:00"],
    ["a date alone", "2026-11-24"],
    ["an offset of 24 hours", "2026-11-24T10:00:00+24:00"],
    ["an offset without minutes", "2026-11-24T10:00:00+02"],
    ["a blank for the T", "2026-11-24 10:00:00Z"],
    ["small letters", "2026-11-24t10:00:00z"],
    ["digits a target would cut off", "2026-11-24T10:00:00.0001Z"],
    ["a time before 1970", "1969-12-31T23:59:59Z"],
    ["a time its offset moves before 1970", "1970-01-01T00:00:00+01:00"],
    ["a year of five digits", "+12026-11-24T10:00:00Z"],
    ["a time its offset moves beyond the year 9999", "9999-12-31T23:59:59-01:00"],
    ["seconds since the epoch", 1_785_542_400],
    ["other digits", "２０２６-11-24T10:00:00Z"],
    ["something after it", "2026-11-24T10:00:00Z\n"],
  ])("do not understand %s", (_, value) => {
    expect(understands("before", value)).toBe(false);
    expect(admits("before", "2030-01-01T00:00:00Z", value)).toBe(false);
    expect(admits("after", "1971-01-01T00:00:00Z", value)).toBe(false);
  });
  it("do not include their own instant", () => {
    const at = "2026-11-24T10:00:00Z";
    for (const rule of ["before", "after"]) expect(admits(rule, at, new Date(at))).toBe(false);
    expect(admits("before", at, "2026-11-24T09:59:59.999Z")).toBe(true);
    expect(admits("after", at, new Date("2026-11-24T10:00:00.001Z"))).toBe(true);
    expect(admits("before", at, new Date(Number.NaN))).toBe(false);
  });
});

describe("prefix and exact", () => {
  it("prefix goes character by character: names are not parsed", () => {
    expect(narrower("prefix", "eu-west", "eu-")).toBe(true);
    expect(narrower("prefix", "eu", "eu-")).toBe(false);
    expect(narrower("prefix", ["eu-a", "us-b"], ["us-", "eu-"])).toBe(true);
    expect(narrower("prefix", ["eu-a", "ap-b"], ["us-", "eu-"])).toBe(false);
  });
  it("prefix does not take a letter for the beginning of its composed form", () => {
    expect(admits("prefix", "e", "\u00e9")).toBe(false);
    expect(admits("prefix", "e", "e\u0301")).toBe(false);
  });
  it("prefix does not understand an empty text, which every name begins with", () => {
    for (const value of ["", [], ["a", ""]]) expect(understands("prefix", value)).toBe(false);
  });
  it('exact is narrower than itself alone, and tells 1 from "1" and true', () => {
    for (const value of ["a", 1, true, false, 0]) expect(narrower("exact", value, value)).toBe(true);
    expect(narrower("exact", "1", 1)).toBe(false);
    expect(narrower("exact", true, 1)).toBe(false);
    for (const value of [null, ["a"], {}, Number.NaN, "", undefined]) expect(understands("exact", value)).toBe(false);
  });
});

describe("every rule", () => {
  const odd = [undefined, null, {}, [], [[]], "", Number.NaN, { __proto__: null }, () => 1, Symbol("x"), 10n, [null]];
  test.each(ruleNames.map((name) => [name]))("%s refuses what is no value of any field", (name) => {
    for (const value of odd) expect(understands(name, value)).toBe(false);
  });
  it("is known by its own name alone, not by what every object has", () => {
    for (const name of ["", "constructor", "__proto__", "toString", "ONE_OF", "regex"])
      expect(ruleOf(name)).toBeUndefined();
  });
});
