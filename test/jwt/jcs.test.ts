import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { canonicalText } from "../../core/text/jcs.ts";

describe("canonical JSON (RFC 8785)", () => {
  test("sorts members by UTF-16 code units, and writes texts and numbers as the RFC's own example", () => {
    const example = {
      numbers: [JSON.parse("333333333.33333329"), 1e30 / 1e20, 4.5, 2e-3, 0.000000000000000000000000001],
      string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/",
      literals: [null, true, false],
    };
    expect(canonicalText(example)).toEqual({
      ok: true,
      value:
        '{"literals":[null,true,false],"numbers":[333333333.3333333,10000000000,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    });
    const names = { "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "\u0080": 6, "\u00f6": 7 };
    const sorted = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\ud83d\ude00", "\ufb33"];
    const text = canonicalText(names);
    expect(
      text.ok && [...text.value.matchAll(/"((?:[^"\\]|\\.)+)":/g)].map(([, name]) => JSON.parse(`"${name}"`)),
    ).toEqual(sorted);
  });

  test.prop([fc.jsonValue()])("is one text for one value, and parses to it again", (value) => {
    const plain: unknown = JSON.parse(JSON.stringify(value));
    const text = canonicalText(plain);
    if (!text.ok) {
      expect(text.error).toMatch(/number|character/);
      return;
    }
    expect(JSON.parse(text.value)).toEqual(plain);
    expect(canonicalText(JSON.parse(text.value))).toEqual(text);
  });

  test("has none for what readers disagree about", () => {
    for (const value of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2 ** 53,
      "\udc00",
      { "\ud800": 1 },
      [undefined],
      () => 1,
    ])
      expect(canonicalText(value).ok).toBe(false);
  });
});
