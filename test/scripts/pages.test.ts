import { describe, expect, test } from "vitest";
import { wrong } from "./offences.ts";

const page = (items: readonly string[], marks: readonly string[]) =>
  [
    "/**",
    ...items.map((item) => ` * ${item}`),
    " */",
    "export function work() {",
    ...marks.map((mark) => `  ${mark}\n  step();`),
    "}",
  ].join("\n");

/** What is wrong with the page of a function that is there. */
const wrongOn = (text: string): string[] =>
  wrong({ "lambdas/a/index.ts": "", "core/endpoints/a.ts": text }).map((line) => line.replace(/^[^ ]+ /, ""));

describe("a function's page", () => {
  test("whose list and code are the same list is let be, whatever else its comments say", () => {
    const items = ["1. **read**: bounded", "   - *with* a list", "2. **write it** once"];
    const marks = ["// 1. read", "// no step", "// 2. write it: in one transaction"];
    expect(wrongOn(page(items, marks))).toEqual([]);
  });

  test("may tell of several ways, each with its own steps below it", () => {
    const text = `${page(["1. **a**", "2. **b**"], ["// 1. a", "// 2. b"])}\n${page(["1. **c**"], ["// 1. c"])}`;
    expect(wrongOn(text)).toEqual([]);
    const mixed = `${page(["1. **a**", "2. **b**"], ["// 1. a"])}\n${page(["1. **c**"], ["// 1. c", "// 2. b"])}`;
    expect(wrongOn(mixed)).toEqual([
      'the list says "2. b" where the code says nothing more',
      'the list says nothing more where the code says "2. b"',
    ]);
  });

  test.each([
    [
      "a step that the code does not take",
      page(["1. **a**", "2. **b**"], ["// 1. a"]),
      'the list says "2. b" where the code says nothing more',
    ],
    [
      "a step that the list does not know",
      page(["1. **a**"], ["// 1. a", "// 2. b"]),
      'the list says nothing more where the code says "2. b"',
    ],
    [
      "steps taken in another order",
      page(["1. **a**", "2. **b**"], ["// 2. b", "// 1. a"]),
      'the list says "1. a" where the code says "2. b"',
    ],
    ["a step by another name", page(["1. **a**"], ["// 1. aa"]), 'the list says "1. a" where the code says "1. aa"'],
    [
      "a step taken twice",
      page(["1. **a**", "2. **b**"], ["// 1. a", "// 1. a", "// 2. b"]),
      'the list says "2. b" where the code says "1. a"',
    ],
    [
      "a number left out of both",
      page(["1. **a**", "3. **b**"], ["// 1. a", "// 3. b"]),
      'step 2 of the list is called "3. b"',
    ],
    [
      "a step without a name",
      page(["1. a"], ["// 1. a"]),
      'the list says "1. (no name in bold)" where the code says "1. a"',
    ],
    ["marks without a list", page([], ["// 1. a"]), 'the list says nothing more where the code says "1. a"'],
    ["no list at all", "export const a = 1;", "this page has no list of its steps"],
  ])("is refused for %s", (_, text, what) => {
    expect(wrongOn(text)).toEqual([what]);
  });

  test("is told of by the line of the step that differs", () => {
    const text = page(["1. **a**", "2. **b**"], ["// 1. a", "// 2. c"]);
    const [found] = wrong({ "lambdas/a/index.ts": "", "core/endpoints/a.ts": text });
    expect(found).toMatch(/^core\/endpoints\/a\.ts:8 /);
  });

  test("is there for each function, and for nothing else", () => {
    const good = page(["1. **a**"], ["// 1. a"]);
    const files = { "lambdas/a/index.ts": "", "lambdas/http/edge.ts": "", "core/endpoints/b.ts": good };
    expect(wrong(files)).toEqual([
      "lambdas/a/index.ts:1 this function has no page core/endpoints/a.ts",
      "core/endpoints/b.ts:1 there is no function lambdas/b/index.ts",
    ]);
  });
});
