import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What makes a test fail only because the machine is slow, over as many lines as it takes, and what stands for it. */
const guesses: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /\b(?:timeout|testTimeout|hookTimeout):\s*[\d_]+/g, instead: "vitest.config.ts has the long stop of all" },
  { pattern: /\},\s*[\d_]{4,},?\s*\);/g, instead: "vitest.config.ts has the long stop of every test and hook" },
  { pattern: /\bAbortSignal\.timeout\(/g, instead: "a call to something of ours waits for its answer" },
  {
    pattern: /\b(?:performance|Date)\.now\(\)(?:\s*\/\s*1_?000)?\s*-\s*[\w.]+,?\s*\)*\s*(?:\.toBeLess|<=?)/g,
    instead: "cpuWatch() of kit/patience.ts counts what was computed, endsWithin() what a timer bounds, poll the rest",
  },
  {
    pattern: /(?:-\s*(?:performance|Date)\.now\(\)[^;\n]*\)\.toBeLess)/g,
    instead: "take the time before and after, and expect what lies between",
  },
  {
    pattern: /\b(?:millis|seconds|elapsed|took)\w*(?:\(\))?\)\.toBeLessThan\(\d[\d_]{1,5}\)/gi,
    instead: "cpuWatch() of kit/patience.ts, by that name, counts what was computed",
  },
  {
    pattern: /^(?!.*\/\/ clock:).*(?:\bsleep\(|setTimeout\(\w+,\s*)\d[\d_]{2,}\)/gm,
    instead: "wait for what you want; where only time itself helps, say whose time behind `// clock:`",
  },
];
/** Waits that give up after a second by themselves. */
const impatient = /\bvi\.waitFor\w*\(|\bvi\.waitUntil\(/g;
/** On purpose: no answer may come, however long it is waited for; the age of what is shared; the patterns themselves. */
const onPurpose = new Set([
  "test/local/imds.test.ts",
  "conformance/target.ts",
  "conformance/expect.ts",
  "test/scripts/patience.test.ts",
  "test/kit/patience.ts",
]);

/** What stands between the bracket that opens before `from` and the one that closes it. */
function inBrackets(text: string, from: number): string {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "(") depth += 1;
    if (text[at] === ")") depth -= 1;
    if (depth === 0) return text.slice(from, at);
  }
  return text.slice(from);
}

function found(file: string, text: string): string[] {
  const place = (index: number) => `${file}:${text.slice(0, index).split("\n").length}`;
  const guessed = guesses.flatMap(({ pattern, instead }) =>
    [...text.matchAll(pattern)].flatMap(({ index, 0: match }) =>
      match.startsWith("cpuMillis") ? [] : [`${place(index)} ${instead}`],
    ),
  );
  const waits = [...text.matchAll(impatient)].flatMap(({ index, 0: match }) =>
    /\bpatience\b/.test(inBrackets(text, index + match.length))
      ? []
      : [`${place(index)} vi.waitFor takes \`patience\``],
  );
  return [...guessed, ...waits];
}

describe("the tests", () => {
  it("guess nowhere how fast the machine is", () => {
    const files = ["test", "conformance"].flatMap((folder) =>
      (readdirSync(join(root, folder), { recursive: true }) as string[]).map((file) => `${folder}/${file}`),
    );
    const sources = files.filter((file) => file.endsWith(".ts") && !onPurpose.has(file));
    expect(sources.length).toBeGreaterThan(200);
    expect(sources.flatMap((file) => found(file, readFileSync(join(root, file), "utf8")))).toEqual([]);
  });

  it.each([
    "  it('x', { timeout: 60_000 }, async () => {",
    "vi.setConfig({ testTimeout: 5_000 });",
    "}, 120_000);",
    "    },\n    60_000,\n  );",
    "await vi.waitFor(() => expect(a).toBe(1));",
    "await vi.waitFor(\n  () => {\n    expect(a(patient)).toBe(1);\n  },\n  { interval: 5 },\n);",
    "fetch(url, { signal: AbortSignal.timeout(100) });",
    "expect(performance.now() - started).toBeLessThan(100);",
    "expect(\n  Date.now() - startedMillis,\n).toBeLessThan(\n  bound + 1_500,\n);",
    "must(performance.now() - startMillis < 30_000, 'it is not set');",
    "if (Date.now() - began <= most) return;",
    "expect(Math.abs(view.seconds - Date.now() / 1000)).toBeLessThan(3);",
    "expect(tookMillis).toBeLessThan(250);",
    "await sleep(400);",
    "await new Promise((resolve) => setTimeout(resolve, 2_000));",
  ])("would be told about %j", (text) => {
    expect(found("a.test.ts", text)).toHaveLength(1);
  });

  it.each([
    "await expect.poll(read).toBe(1);",
    "await vi.waitFor(() => expect(a).toBe(1), patience);",
    "await vi.waitFor(\n  async () => expect(await a()).toBe(1),\n  patience,\n);",
    "const cpuMillis = cpuWatch();\nexpect(cpuMillis()).toBeLessThan(250);",
    "await sleep(2_000); // clock: the offer's second",
    "return performance.now() - startedAt;",
  ])("may say %j", (text) => {
    expect(found("a.test.ts", text)).toEqual([]);
  });
});
