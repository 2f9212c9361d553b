import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
const linesAtMost = 300;

/** Code of tests and of what stands on the same kit, with what it holds; data of tests and stand-ins for bundles left out. */
const sources = ["test", "conformance", "bench"].flatMap((top) =>
  readdirSync(new URL(top, root), { recursive: true, encoding: "utf8" })
    .map((name) => `${top}/${name}`)
    .filter((file) => file.endsWith(".ts") && !file.startsWith("test/vectors/"))
    .map((file) => ({ file, text: readFileSync(new URL(file, root), "utf8") })),
);

/** Files outside the kit in which a pattern stands. */
const outside = (pattern: RegExp): readonly string[] =>
  sources
    .filter(
      ({ file, text }) => !file.startsWith("test/kit/") && file !== "test/scripts/kit.test.ts" && pattern.test(text),
    )
    .map(({ file }) => file);

describe("the test kit", () => {
  it("leaves no test file longer than 300 lines: long ones are split along their describes", () => {
    expect(sources.length).toBeGreaterThan(400);
    const long = sources.filter(({ text }) => text.split("\n").length - 1 > linesAtMost);
    expect(long.map(({ file }) => file)).toEqual([]);
  });

  it.each([
    ["signs proofs", /setProtectedHeader\(\{[^}]*dpop\+jwt|jws\(\{[^}]*dpop\+jwt/],
    [
      "makes keys, forgeries and forms for the wire",
      /(?:const|function) (?:testKey|dpopProof|forge|headerOf|formOf)\b/,
    ],
    ["sends raw requests", /export (?:const|function|async function) (?:send|post\w*)\([^)]*\burl\b/],
  ])("alone %s: there is one wire client", (_what, pattern) => {
    const inKit = sources.filter(({ file, text }) => file.startsWith("test/kit/wire/") && pattern.test(text));
    // a pattern that no longer finds the kit's own would find no copy of it either
    if (!String(pattern).includes("setProtectedHeader")) expect(inKit).not.toEqual([]);
    expect(outside(pattern)).toEqual([]);
  });
});
