import { describe, expect, it, test } from "vitest";
import { admits, narrower, understands, written } from "./ground.ts";

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
