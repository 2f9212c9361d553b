import { posix } from "node:path";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { narrowDetail, understandDetail } from "../../core/details/compare.ts";
import { ruleOf } from "../../core/details/rules/table.ts";
import type { DetailsTypeDeclaration } from "../../core/model/resource-registration.ts";
import { ruleNames } from "../../core/model/resource-registration.ts";
import type { AuthorizationDetail } from "../../core/model/session.ts";
import { createDetailsCheck } from "../../core/verify/permits.ts";
import { denote, type Field, fields, type Meant } from "./denotation.ts";

const runs = { numRuns: 300 };

it("gives every rule there is a meaning to be held against", () => {
  expect(Object.keys(fields).sort()).toEqual([...ruleNames].sort());
});

describe.each(Object.entries(fields))("rule %s", (name, field) => {
  const rule = ruleOf(name);
  if (!rule) throw new Error(`no rule ${name}`);
  const read = (meant: Meant) => {
    const bound = rule.read(meant.sent);
    if (bound === undefined) throw new Error(`rule ${name} does not understand ${JSON.stringify(meant.sent)}`);
    return bound;
  };

  property.prop([field.values, field.values], runs)("never calls narrower what admits anything more", (a, b) => {
    const [inner, outer] = [denote(field, a), denote(field, b)];
    if (rule.within(read(a), read(b))) expect([...inner].filter((point) => !outer.has(point))).toEqual([]);
  });

  property.prop([field.values], runs)("calls every value narrower than itself, in any spelling", (a) => {
    const again = rule.read(rule.write(read(a)));
    expect(again).toEqual(rule.read(JSON.parse(JSON.stringify(rule.write(read(a))))));
    expect(rule.within(read(a), again)).toBe(true);
    expect(rule.within(again, read(a))).toBe(true);
    expect(rule.write(again)).toEqual(rule.write(read(a)));
  });

  property.prop([field.values, field.values, field.values], runs)("goes on from link to link", (a, b, c) => {
    if (rule.within(read(a), read(b)) && rule.within(read(b), read(c)))
      expect(rule.within(read(a), read(c))).toBe(true);
  });

  property.prop([field.values, fc.constantFrom(...field.universe)], runs)(
    "admits of a concrete request exactly what the value means",
    (a, point) => {
      expect(rule.admits(read(a), point)).toBe(a.admits(point));
    },
  );

  property.prop([fc.anything({ maxDepth: 2, withBigInt: true, withDate: true }), field.values], runs)(
    "takes what it does not understand for nothing at all, and never throws over it",
    (strange, a) => {
      const bound = rule.read(strange);
      if (bound === undefined) return;
      // whatever it does understand is stored as something that means the same
      const again = rule.read(JSON.parse(JSON.stringify(rule.write(bound))));
      expect(again === undefined || (rule.within(again, bound) && rule.within(bound, again))).toBe(true);
      for (const point of field.universe)
        if (rule.within(bound, read(a)) && rule.admits(bound, point)) expect(a.admits(point)).toBe(true);
    },
  );
});

/** A type with one optional field for each of some rules, the last two inside an object. */
const typeOf = (names: readonly string[]): DetailsTypeDeclaration => {
  const flat = names.slice(0, -2);
  const nested = names.slice(-2);
  const properties = (list: readonly string[]) =>
    Object.fromEntries(list.map((name) => [`f_${name}`, (fields[name] as Field).schema]));
  return {
    name: "thing",
    schema: {
      type: "object",
      additionalProperties: false,
      properties: {
        ...properties(flat),
        inside: { type: "object", additionalProperties: false, properties: properties(nested) },
      },
    },
    rules: Object.fromEntries([
      ...flat.map((name) => [`f_${name}`, name]),
      ...nested.map((name) => [`inside.f_${name}`, name]),
    ]) as DetailsTypeDeclaration["rules"],
  };
};

type MeantDetail = ReadonlyMap<string, Meant>;

const sent = (meant: MeantDetail, type: DetailsTypeDeclaration): AuthorizationDetail => {
  const detail: Record<string, unknown> = { type: type.name };
  for (const [name, { sent: value }] of meant) {
    const nested = Object.hasOwn(type.rules, `inside.f_${name}`);
    if (nested) detail.inside = { ...(detail.inside as object | undefined), [`f_${name}`]: value };
    else detail[`f_${name}`] = value;
  }
  return detail as AuthorizationDetail;
};

const meantDetail = (names: readonly string[]): fc.Arbitrary<MeantDetail> =>
  fc
    .record(Object.fromEntries(names.map((name) => [name, (fields[name] as Field).values])), { requiredKeys: [] })
    .map((some) => new Map(Object.entries(some).flatMap(([name, meant]) => (meant ? [[name, meant]] : []))));

/** Reads back what a detail of the product means, by the field's own generated values: they are all that is ever sent. */
const permitsOf = (type: DetailsTypeDeclaration) => {
  const check = createDetailsCheck([type]);
  return (detail: AuthorizationDetail, points: ReadonlyMap<string, unknown>) => {
    const path = (name: string) => (Object.hasOwn(type.rules, `inside.f_${name}`) ? `inside.f_${name}` : `f_${name}`);
    return check([detail], { thing: Object.fromEntries([...points].map(([name, point]) => [path(name), point])) }).ok;
  };
};

const groups = [
  ["one_of", "max", "path"],
  ["not", "url", "exact"],
  ["range", "before", "prefix"],
  ["after", "min", "one_of"],
];

describe.each(groups.map((names) => [names.join(", "), names] as const))("chains over %s", (_, names) => {
  const type = typeOf(names);
  const permits = permitsOf(type);
  const points = fc
    .tuple(...names.map((name) => fc.constantFrom(...(fields[name] as Field).universe)))
    .map((list) => new Map(names.map((name, i) => [name, list[i]])));
  const admits = (meant: MeantDetail, at: ReadonlyMap<string, unknown>) =>
    [...meant].every(([name, { admits: within }]) => within(at.get(name)));

  property.prop([fc.array(meantDetail(names), { minLength: 1, maxLength: 6 }), points], { numRuns: 500 })(
    "no chain of narrowings admits what any link of it did not, and a field once set is never lifted",
    (links, at) => {
      const [root, ...requests] = links as [MeantDetail, ...MeantDetail[]];
      let current = understandDetail(sent(root, type), type);
      const taken = [root];
      for (const request of requests) {
        if (!current.ok) throw new Error("a generated detail was not understood");
        const next = narrowDetail(current.value.canonical, sent(request, type), type);
        if (!next.ok) continue;
        current = understandDetail(next.value, type);
        taken.push(request);
      }
      if (!current.ok) throw new Error("what was granted was not understood");
      // both ways: never more than all links together, and nothing taken away that they all admit
      expect(permits(current.value.canonical, at)).toBe(taken.every((link) => admits(link, at)));
    },
  );

  property.prop([meantDetail(names), meantDetail(names)], runs)(
    "a child that names nothing of its own holds exactly the parent's constraint",
    (parent) => {
      const stands = understandDetail(sent(parent, type), type);
      if (!stands.ok) throw new Error("a generated detail was not understood");
      expect(narrowDetail(stands.value.canonical, { type: "thing" }, type)).toEqual({
        ok: true,
        value: stands.value.canonical,
      });
    },
  );

  property.prop([meantDetail(names), fc.string({ minLength: 1 }), fc.jsonValue()], runs)(
    "a field nobody declared refuses the whole detail, as child and as parent",
    (meant, name, value) => {
      const plain = sent(meant, type);
      if (name === "type" || name === "inside" || Object.hasOwn(type.rules, name)) return;
      const strange = Object.defineProperty({ ...plain }, name, { value, enumerable: true }) as AuthorizationDetail;
      expect(understandDetail(strange, type).ok).toBe(false);
      expect(narrowDetail(plain, strange, type).ok).toBe(false);
      expect(narrowDetail(strange, plain, type).ok).toBe(false);
    },
  );

  property.prop([meantDetail(names), points, fc.constantFrom(...names)], runs)(
    "a request that does not name what the detail restricts is refused",
    (meant, at, left) => {
      if (!meant.has(left)) return;
      const fewer = new Map([...at].filter(([name]) => name !== left));
      expect(permits(sent(meant, type), fewer)).toBe(false);
    },
  );
});

/** Where other readers of a path would go: file systems, web servers in front, servers that cut parameters. */
const pathReaders: readonly ((text: string) => string)[] = [
  (text) => posix.resolve(text),
  (text) => posix.resolve(decodeAll(text)),
  (text) => posix.resolve(text.replaceAll("\\", "/")),
  (text) => posix.resolve(text.replace(/;[^/]*/g, "")),
  (text) => posix.resolve(text.split(/[?#]/)[0] ?? ""),
  (text) => posix.resolve(text.normalize("NFKC")),
  (text) => posix.resolve(text.split("\0")[0] ?? ""),
];

const decodeAll = (text: string): string => {
  let now = text;
  for (let round = 0; round < 3; round++)
    try {
      now = decodeURIComponent(now);
    } catch {
      return now;
    }
  return now;
};

const pieces = [
  "/",
  "/",
  "a",
  "b",
  "ab",
  ".",
  "..",
  "%2e",
  "%2f",
  "%252e",
  "%5c",
  "\\",
  ";x",
  "?",
  "#",
  "\u0000",
  "\uff0e",
  " ",
];
const noisy = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 10 }).map((list) => list.join(""));

describe("readers that disagree", () => {
  property.prop([noisy.map((text) => `/${text}`)], { numRuns: 3_000 })(
    "a path that is understood leads all of them to the same place",
    (text) => {
      const rule = ruleOf("path");
      const bound = rule?.read(text);
      if (bound === undefined) return;
      const written = rule?.write(bound);
      for (const reader of pathReaders) expect(reader(text)).toBe(written);
    },
  );

  const urlPieces = [...pieces, "@", ":", "443", "evil.example", "api.example", "[", "]", "%40", "//"];
  const noisyUrl = fc
    .tuple(
      fc.constantFrom("https://", "HTTPS://", "https:", "https:/", "https:\\\\", "http://", "//"),
      fc.constantFrom("api.example", "API.example", "api.example:443", "api.example.", "u@api.example", "@api.example"),
      fc.array(fc.constantFrom(...urlPieces), { maxLength: 8 }).map((list) => list.join("")),
    )
    .map((parts) => parts.join(""));
  /** RFC 3986 appendix B: how a reader without WHATWG's forgiveness takes an address apart. */
  const appendixB = /^(([^:/?#]+):)?(\/\/([^/?#]*))?([^?#]*)(\?([^#]*))?(#(.*))?/;

  property.prop([noisyUrl], { numRuns: 3_000 })(
    "an address that is understood names one host, one path and one query to all of them",
    (text) => {
      const rule = ruleOf("url");
      const bound = rule?.read(text);
      if (bound === undefined) return;
      const written = new URL(String(rule?.write(bound)));
      const [, , scheme = "", , authority = "", path = "", , query] = appendixB.exec(text) ?? [];
      expect(`${scheme.toLowerCase()}:`).toBe(written.protocol);
      const usual = scheme.toLowerCase() === "https" ? /:443$/ : /:80$/;
      expect(authority.toLowerCase().replace(usual, "")).toBe(written.host);
      const resolved = posix.resolve(decodeAll(path === "" ? "/" : path));
      expect(resolved).toBe(posix.resolve(decodeAll(written.pathname)));
      expect(resolved.split("/")).not.toContain("..");
      expect(query === undefined ? "" : `?${decodeAll(query)}`).toBe(decodeAll(written.search));
    },
  );
});
