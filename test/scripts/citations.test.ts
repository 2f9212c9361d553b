import { describe, expect, test } from "vitest";
import { wrong } from "./offences.ts";

describe("what is cited", () => {
  // in two parts, or the lint would take these texts for citations
  const [threat, decision] = ["thre" + "at", "decis" + "ion"];
  const page = (...rows: readonly string[]) => ["| no. | attack | answer | tried by |", ...rows].join("\n");
  const tried = "| 7 | a | b | `test/a.test.ts` |";
  const good = {
    "docs/threats.md": page(tried, "| 8 | a | b | *not built yet* (audit) |"),
    "test/a.test.ts": `test("${threat} 7: is refused");`,
    "docs/decisions/0035-tables.md": "# 35. Tables\n\nStatus: accepted. Date: 2026-11-30.\n",
    "docs/decisions/README.md": "[35](0035-tables.md)",
  };

  test("is there", () => {
    expect(
      wrong({
        ...good,
        "core/model/a.ts": `// ${threat}s 7 and 8, ${decision} 35`,
        "docs/a.md": `[35](decisions/0035-tables.md#why), [out](https://example.com/x), [here](#top): ${threat} 7`,
      }),
    ).toEqual([]);
  });

  test.each([
    [
      "a threat in a comment",
      "core/model/a.ts",
      `\n// ${threat} 9`,
      "core/model/a.ts:2 there is no threat 9 in docs/threats.md",
    ],
    [
      "the second of two",
      "lambdas/a.ts",
      `/* ${threat}s 7 and 10 */`,
      "lambdas/a.ts:1 there is no threat 10 in docs/threats.md",
    ],
    ["the end of a range", "docs/b.md", `${threat}s 7-13`, `docs/b.md:1 there is no ${threat} 13 in docs/threats.md`],
    [
      "one of a list, in a title",
      "test/b.test.ts",
      `// ${threat}s 7, 8, 11 and 7`,
      "test/b.test.ts:1 there is no threat 11 in docs/threats.md",
    ],
    ["a threat on a page", "docs/a.md", `${threat} 12`, "docs/a.md:1 there is no threat 12 in docs/threats.md"],
    ["a decision", "docs/a.md", `(${decision} 3)`, `docs/a.md:1 there is no ${decision} 3`],
    ["a page", "docs/a.md", "\n\n[x](gone.md)", "docs/a.md:3 leads to gone.md, which is not there"],
  ])("is told when it is not there: %s", (_, file, text, told) => {
    expect(wrong({ ...good, [file]: text })).toEqual([told]);
  });

  test("every decision has its status and date, and stands in the list", () => {
    const pages = {
      "docs/decisions/0001-a.md": "# 1. A\n\nStatus: accepted.\n",
      "docs/decisions/0002-b.md": "# 2. B\n\nStatus: replaced by [35](0035-tables.md). Date: 2026-11-24.\n",
      "docs/decisions/README.md": "[35](0035-tables.md), [1](0001-a.md)",
    };
    expect(wrong({ ...good, ...pages })).toEqual([
      `docs/decisions/0001-a.md:1 ${decision} 1 says neither or not both of Status and Date`,
      `docs/decisions/0002-b.md:1 ${decision} 2 is not in docs/decisions/README.md`,
    ]);
  });

  test("every threat names a test that cites it, or says that it is not built yet", () => {
    const untried = page("| 7 | a | b | |", "| 8 | a | b | `test/a.test.ts`, `test/gone.test.ts` |");
    expect(wrong({ ...good, "docs/threats.md": untried })).toEqual([
      "docs/threats.md:2 threat 7 names no test, and does not say *not built yet*",
      "docs/threats.md:3 threat 8 names test/a.test.ts, which is not there or does not cite it",
      "docs/threats.md:3 threat 8 names test/gone.test.ts, which is not there or does not cite it",
    ]);
  });
});
