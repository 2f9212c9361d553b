import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { parseBoundedJson } from "../../core/text/json.ts";

/** Texts full of what could end a string, or look like a member. */
const tricky = fc
  .array(fc.constantFrom("\\", '"', ":", "{", "}", "[", "]", ",", "a", "\u2028", "\ud83d\ude00"))
  .map((all) => all.join(""));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 4 },
    fc.oneof(tricky, fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.oneof(tricky, fc.constantFrom("__proto__", "a", "b")), tie("value"), { maxKeys: 4 }),
  ),
}));

const depthOf = (it_: unknown): number =>
  typeof it_ === "object" && it_ !== null ? 1 + Math.max(0, ...Object.values(it_).map(depthOf)) : 0;

const escaped = (name: string): string =>
  Array.from({ length: name.length }, (_, at) => `\\u${name.charCodeAt(at).toString(16).padStart(4, "0")}`).join("");

function withEscapedNames(it_: unknown): string {
  if (Array.isArray(it_)) return `[${it_.map(withEscapedNames).join(",")}]`;
  if (typeof it_ !== "object" || it_ === null) return JSON.stringify(it_);
  return `{${Object.entries(it_)
    .map(([name, member]) => `"${escaped(name)}":${withEscapedNames(member)}`)
    .join(",")}}`;
}

describe("JSON of a stranger", () => {
  property.prop([value, fc.constantFrom(undefined, 1, "\t")])("is read as it was written", (written, space) => {
    expect(parseBoundedJson(JSON.stringify(written, null, space))).toEqual({
      ok: true,
      value: JSON.parse(JSON.stringify(written)),
    });
  });

  property.prop([value, tricky, value])(
    "is refused when an object names a member twice, wherever",
    (one, name, other) => {
      const member = (it_: unknown) => `${JSON.stringify(name)}:${JSON.stringify(it_)}`;
      const twice = `{${member(one)},"x":[{"y":{${member(other)},${member(one)}}}]}`;
      expect(parseBoundedJson(twice).ok).toBe(false);
      expect(parseBoundedJson(`{${member(one)},${member(other)}}`).ok).toBe(false);
    },
  );

  property.prop([value, fc.nat(5)])("is refused exactly when it nests deeper than it may", (written, depthMax) => {
    expect(parseBoundedJson(JSON.stringify(written), depthMax).ok).toBe(depthOf(written) <= depthMax);
  });

  property.prop([fc.oneof(tricky, fc.string())])("that is none is refused, and throws nothing", (text) => {
    let is = true;
    try {
      JSON.parse(text);
    } catch {
      is = false;
    }
    if (!is) expect(parseBoundedJson(text).ok).toBe(false);
  });

  test.each(['{"a":1,"\\u0061":2}', '{"a":{"b":1,"b":2}}', '[{"a":1},{"a":1,"a":1}]', '{"":1,"":1}'])(
    "%s is refused: two readers could see two values",
    (text) => {
      expect(parseBoundedJson(text)).toEqual({ ok: false, error: "a member is named twice" });
    },
  );

  test("that names a member twice is refused whatever objects the parser has seen: it guesses names by them", () => {
    // once an object of this shape is known, V8 reads the second name of the text below as a backslash
    const [first, second] = ['{"a":1,"\\\\":2}', '{"a":1,"\\u0061":2}'];
    expect(parseBoundedJson(first)).toEqual({ ok: true, value: { a: 1, "\\": 2 } });
    expect(parseBoundedJson(second).ok).toBe(false);
    const longer = ['{"sub":"a","\\\\u0":"b"}', '{"sub":"a","\\u0073ub":"b"}'] as const;
    expect(parseBoundedJson(longer[0]).ok).toBe(true);
    expect(parseBoundedJson(longer[1]).ok).toBe(false);
  });

  test("is read as it is written, whatever objects the parser has seen, where it escapes names that need none", () => {
    const guessed = String.raw`{"a":1,"https:\\\/\\\/b.examp":2}`;
    expect(parseBoundedJson(guessed)).toEqual({ ok: true, value: { a: 1, "https:\\/\\/b.examp": 2 } });
    const plain = String.raw`{"a":1,"https:\/\/b.example":2}`;
    expect(parseBoundedJson(plain)).toEqual({ ok: true, value: { a: 1, "https://b.example": 2 } });
  });

  property.prop([value])("is the same value however many of its names' characters are escaped", (written) => {
    const read = parseBoundedJson(withEscapedNames(written), 1_000);
    // a name that needs an escape may meet a guess of the parser's: then it is refused
    if (read.ok) expect(JSON.stringify(read.value)).toBe(JSON.stringify(written));
    else expect([read.error, JSON.stringify(written).includes("\\")]).toEqual(["a member has an unfit name", true]);
  });

  test("may escape what it names", () => {
    expect(parseBoundedJson('{"https:\\/\\/a.example\\/tags":{"\\u00e9":["\\n:"]}}')).toEqual({
      ok: true,
      value: { "https://a.example/tags": { é: ["\n:"] } },
    });
  });
});
