import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What makes a test fail only because the machine is slow, and what stands for it. */
const guesses: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /\btimeout: [\d_]+/, instead: "vitest.config.ts has the long stop of every test and poll" },
  { pattern: /^\s*\}, [\d_]{4,}\);$/, instead: "vitest.config.ts has the long stop of every test and hook" },
  {
    pattern: /\bvi\.waitFor\((?!.*(patience|^)).*\);$/,
    instead: "vi.waitFor takes `patience`, or gives up after a second",
  },
  { pattern: /\bAbortSignal\.timeout\(/, instead: "a call to something of ours waits for its answer" },
];
/** Says so on purpose: the metadata service must not answer such a caller, however long it waits; the pattern itself. */
const onPurpose = new Set(["test/local/imds.test.ts", "test/scripts/patience.test.ts", "test/kit/patience.ts"]);

const found = (file: string, text: string): string[] =>
  text
    .split("\n")
    .flatMap((line, index) =>
      guesses.flatMap(({ pattern, instead }) => (pattern.test(line) ? [`${file}:${index + 1} ${instead}`] : [])),
    );

describe("the tests", () => {
  it("guess nowhere how fast the machine is", () => {
    const files = ["test", "conformance/rows"].flatMap((folder) =>
      (readdirSync(join(root, folder), { recursive: true }) as string[]).map((file) => `${folder}/${file}`),
    );
    const sources = files.filter((file) => file.endsWith(".ts") && !onPurpose.has(file));
    expect(sources.length).toBeGreaterThan(200);
    expect(sources.flatMap((file) => found(file, readFileSync(join(root, file), "utf8")))).toEqual([]);
  });

  it.each([
    "  it('x', { timeout: 60_000 }, async () => {",
    "}, 120_000);",
    "await vi.waitFor(() => expect(a).toBe(1));",
    "fetch(url, { signal: AbortSignal.timeout(100) });",
  ])("would be told about %j", (line) => {
    expect(found("a.test.ts", line)).toHaveLength(1);
  });

  it("may wait for what they want", () => {
    const text = ["await expect.poll(read).toBe(1);", "await vi.waitFor(() => expect(a).toBe(1), patience);"].join(
      "\n",
    );
    expect(found("a.test.ts", text)).toEqual([]);
  });
});
