import { describe, expect, it, test } from "vitest";
import { ruleOf } from "../../core/details/rules/table.ts";
import { ruleNames } from "../../core/model/registry.ts";

/** How a rule judges two values as they were sent: true only when both are understood and the inner lies within. */
function narrower(name: string, inner: unknown, outer: unknown): boolean {
  const rule = ruleOf(name);
  if (!rule) throw new Error(`no rule ${name}`);
  const [a, b] = [rule.read(inner), rule.read(outer)];
  return a !== undefined && b !== undefined && rule.within(a, b);
}
const understands = (name: string, value: unknown): boolean => ruleOf(name)?.read(value) !== undefined;
const written = (name: string, value: unknown): unknown => {
  const rule = ruleOf(name);
  return rule?.write(rule.read(value));
};
const admits = (name: string, bound: unknown, actual: unknown): boolean => {
  const rule = ruleOf(name);
  const read = rule?.read(bound);
  return read !== undefined && rule?.admits(read, actual) === true;
};

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

describe("path", () => {
  test.each([
    ["/a", "/a", true],
    ["/a/b", "/a", true],
    ["/ab", "/a", false],
    ["/a", "/a/b", false],
    ["/a/b", "/", true],
    ["/a/", "/a", true],
    ["/a", "/a/", true],
    ["/a//b", "/a/b", true],
    ["/a/./b", "/a/b", true],
    ["/A/b", "/a", false],
    ["/a.b", "/a", false],
    ["/a b", "/a", false],
  ])("%s lies within %s: %s", (inner, outer, expected) => {
    expect(narrower("path", inner, outer)).toBe(expected);
  });
  test.each([
    ["a step up", "/a/../b"],
    ["a step up at the end", "/a/.."],
    ["an encoded step up", "/a/%2e%2e/b"],
    ["an encoded slash", "/a%2fb"],
    ["a step up encoded twice", "/a/%252e%252e/b"],
    ["an overlong encoding", "/a/%c0%ae%c0%ae/b"],
    ["a backslash", "/a\\..\\b"],
    ["a path parameter that hides a step up", "/a/..;/b"],
    ["a query", "/a?b"],
    ["a fragment", "/a#b"],
    ["a wildcard", "/a/*"],
    ["two leading slashes, which are the implementation's own", "//a"],
    ["a relative path", "a/b"],
    ["the current directory", "./a"],
    ["three dots", "/a/.../b"],
    ["dots and blanks that some file systems trim", "/a/.. /b"],
    ["fullwidth dots that a code page folds", "/a/\uff0e\uff0e/b"],
    ["an ellipsis that folds to dots", "/a/\u2026/b"],
    ["a fullwidth slash", "/a\uff0fb"],
    ["a zero byte", "/a\u0000/b"],
    ["a line break", "/a\n/b"],
    ["a fullwidth dot and an invisible character", "/a/\u200b../b"],
    ["a name that is not in normal form C", "/e\u0301"],
    ["no text", 7],
    ["nothing", ""],
  ])("does not understand %s, in a bound or in a request", (_, value) => {
    expect(understands("path", value)).toBe(false);
    expect(admits("path", "/", value)).toBe(false);
    expect(admits("path", "/a", value)).toBe(false);
  });
  it("is stored as the one spelling of the place", () => {
    expect(written("path", "/a//./b/")).toBe("/a/b");
    expect(written("path", ["/a", "/a/", "//a".slice(1)])).toEqual(["/a"]);
  });
});

describe("url", () => {
  const base = "https://api.example/v1/customers";
  test.each([
    [`${base}/42`, base, true],
    [base, base, true],
    [`${base}/`, base, true],
    [base, `${base}/`, false],
    ["https://api.example/v1/customersX", base, false],
    ["https://API.Example:443/v1/customers/42", base, true],
    ["https://api.example:8443/v1/customers/42", base, false],
    ["http://api.example/v1/customers/42", base, false],
    ["http://api.example:443/v1/customers/42", base, false],
    ["https://api.example.evil.example/v1/customers/42", base, false],
    ["https://evil.example/https://api.example/v1/customers/42", base, false],
    ["https://api.example./v1/customers/42", base, false],
    [`${base}/../admin`, base, false],
    [`${base}/%2e%2e/admin`, base, false],
    [`${base}/./42`, base, true],
    [`${base}/%34%32`, `${base}/42`, true],
    ["https://api.example/v1/%63ustomers/42", base, true],
    ["https://bücher.example/a", "https://xn--bcher-kva.example/", true],
    ["https://BÜCHER.example/a", "https://xn--bcher-kva.example/", true],
    ["https://127.0.0.1:443/a", "https://127.0.0.1/", true],
    ["https://[::1]/a", "https://[0:0:0:0:0:0:0:1]/", true],
    [`${base}/42?limit=1`, base, false],
    [`${base}?limit=1`, `${base}?limit=1`, true],
    [`${base}/42?limit=1`, `${base}?limit=1`, true],
    [`${base}?limit=2`, `${base}?limit=1`, false],
    [base, `${base}?limit=1`, false],
  ])("%s lies within %s: %s", (inner, outer, expected) => {
    expect(narrower("url", inner, outer)).toBe(expected);
    expect(admits("url", outer, inner)).toBe(expected);
  });
  test.each([
    ["a user name before the host", "https://api.example@evil.example/"],
    ["an empty user name", "https://@api.example/"],
    ["a backslash for a slash", "https://api.example\\@evil.example/"],
    ["a backslash in the path", "https://api.example/a\\..\\b"],
    ["no slashes after the scheme, which WHATWG forgives", "https:api.example/a"],
    ["three slashes", "https:///api.example/a"],
    ["an address without scheme", "//api.example/a"],
    ["a fragment", "https://api.example/a#b"],
    ["an empty fragment", "https://api.example/a#"],
    ["an empty query", "https://api.example/a?"],
    ["a tab that WHATWG drops", "https://api.exa\tmple/a"],
    ["a line break that WHATWG drops", "https://api.example/a\n"],
    ["a blank around it", " https://api.example/a"],
    ["a blank in the path", "https://api.example/a b"],
    ["an encoded slash", "https://api.example/a%2fb"],
    ["an encoded backslash", "https://api.example/a%5cb"],
    ["an encoded percent sign", "https://api.example/a%252e"],
    ["an encoded zero byte", "https://api.example/a%00"],
    ["an overlong encoding", "https://api.example/%c0%ae"],
    ["half an escape", "https://api.example/a%2"],
    ["an encoded semicolon", "https://api.example/a%3b"],
    ["a path parameter", "https://api.example/a/..;/b"],
    ["an empty segment", "https://api.example/a//b"],
    ["a square bracket", "https://api.example/a[b]"],
    ["a host with an escape", "https://api.example%2e/"],
    ["a host with another full stop", "https://api\u3002example/"],
    ["a host in fullwidth letters", "https://\uff41pi.example/"],
    ["a host that two versions of IDNA read as two names", "https://stra\u00dfe.example/"],
    ["an octal address", "https://010.0.0.1/"],
    ["an address in short hexadecimal", "https://0x7f.1/"],
    ["an address as one number", "https://2130706433/"],
    ["fullwidth dots in the path, encoded", "https://api.example/a/%EF%BC%8E%EF%BC%8E/b"],
    ["a wildcard host", "https://*.example/"],
    ["a wildcard path", "https://api.example/*"],
    ["another scheme", "ftp://api.example/a"],
    ["a scheme that runs", "javascript://api.example/%0aalert(1)"],
    ["a port that is none", "https://api.example:99999/a"],
    ["a step up from an empty segment", "https://api.example/a//.."],
    ["an empty port", "https://api.example:/a"],
    ["an empty host", "https:///a"],
    ["an encoded name that is not in normal form C", "https://api.example/e%CC%81"],
    ["no text", 7],
  ])("does not understand %s, in a bound or in a request", (_, value) => {
    expect(understands("url", value)).toBe(false);
    expect(admits("url", "https://api.example/", value)).toBe(false);
  });
  it("is stored as the one spelling of the place", () => {
    expect(written("url", "HTTPS://API.example:443/a/./b/%7ex/%c3%bc")).toBe("https://api.example/a/b/~x/%C3%BC");
    expect(written("url", "https://api.example")).toBe("https://api.example/");
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
