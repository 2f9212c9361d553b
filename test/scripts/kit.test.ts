import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { readSource } from "../../scripts/walls/read-source.ts";

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

/** Every file that a file imports, ours alone, and those that they import; the emulator and the demo are not opened. */
const reached = (file: string): ReadonlySet<string> => {
  const found = new Set([file]);
  for (const one of found) for (const target of imported.get(one) ?? []) found.add(target);
  return found;
};
const imported = new Map(
  sources.map(({ file, text }) => [
    file,
    readSource(text)
      .references.filter(({ specifier }) => specifier.startsWith("."))
      .map(({ specifier }) => posix.join(posix.dirname(file), specifier)),
  ]),
);
const isIn = (folders: readonly string[]) => (file: string) => folders.some((folder) => file.startsWith(folder));
/** Stand on the embedded cloud: its own tests, the demo's end-to-end runs, the conformance table's run, the load and the kit's door. */
const embedded = isIn(["test/local/", "test/e2e/", "conformance/embedded.ts", "test/kit/embedded/", "bench/load/"]);
/** Their subject talks to AWS, or is what AWS is told: adapters, the SDK's contract, the templates, the command's signature. */
const throughTheDoor = isIn(["test/lambdas/", "test/contract/", "test/stack/", "test/bin/", "test/bench/", "bench/"]);
/** Run against a whole issuer. */
const wholeIssuer = isIn(["test/clients/", "conformance/"]);

describe("the test kit", () => {
  it("alone opens parts of the emulator for other tests, through one door, and nothing of the demo", () => {
    const opens = sources.filter(({ file }) => imported.get(file)?.some((target) => target.startsWith("local/")));
    const doors = opens.map(({ file }) => file).filter((file) => file !== "test/walls.test.ts");
    expect(doors).toContain("test/kit/embedded/dynamodb.ts");
    expect(doors.filter((file) => !embedded(file))).toEqual([]);
    const kit = doors.filter((file) => file.startsWith("test/kit/")).flatMap((file) => imported.get(file) ?? []);
    expect(kit.filter((target) => target.startsWith("local/demo/"))).toEqual([]);
  });

  it("keeps unit tests of core and of the client off the emulator: ports have doubles in memory", () => {
    const units = sources
      .map(({ file }) => file)
      .filter((file) => /\.test\.ts$/.test(file) && file !== "test/walls.test.ts")
      .filter((file) => !embedded(file) && !throughTheDoor(file) && !wholeIssuer(file));
    expect(units.length).toBeGreaterThan(150);
    const standing = units.filter((file) => [...reached(file)].some((target) => target.startsWith("local/")));
    expect(standing).toEqual([]);
    // the same look finds what does stand on it
    expect([...reached("test/lambdas/dynamodb/uses.test.ts")]).toContain("local/emulator/dynamodb/engine.ts");
  });

  it("leaves no test file longer than 300 lines: long ones are split along their describes", () => {
    expect(sources.length).toBeGreaterThan(400);
    const long = sources.filter(({ text }) => text.split("\n").length - 1 > linesAtMost);
    expect(long.map(({ file }) => file)).toEqual([]);
  });

  it("has no test begin what it neither waits for nor hands on: it would fail after its test, in another's name", () => {
    // a statement that drops a call's promise, or that of a function it runs at once
    const dropped = /^\s*(?:void (?!import\b)(?:[\w.]+\(|\(async\b)|\(async\b[^\n]*\}?\)\(\);)/m;
    for (const one of ["void publishMinute(deps);", "void (async () => {", "(async () => read())();"])
      expect(`  ${one}`).toMatch(dropped);
    const dropping = sources.filter(
      ({ file, text }) => file.startsWith("test/") && file !== "test/scripts/kit.test.ts" && dropped.test(text),
    );
    expect(dropping.map(({ file }) => file)).toEqual([]);
  });

  it.each([
    ["signs proofs", /setProtectedHeader\(\{[^}]*dpop\+jwt|jws\(\{[^}]*dpop\+jwt/],
    [
      "makes keys, forgeries and forms for the wire",
      /(?:const|function) (?:testKey|dpopProof|forge|headerOf|formOf)\b/,
    ],
    ["starts servers", /\bcreateServer\(/],
    ["plays a receiver of security events", /function startReceiver\b/],
    ["sends raw requests", /export (?:const|function|async function) (?:send|post\w*)\([^)]*\burl\b/],
  ])("alone %s: there is one of each", (_what, pattern) => {
    const inKit = sources.filter(({ file, text }) => file.startsWith("test/kit/wire/") && pattern.test(text));
    // a pattern that no longer finds the kit's own would find no copy of it either
    if (!String(pattern).includes("setProtectedHeader")) expect(inKit).not.toEqual([]);
    expect(outside(pattern)).toEqual([]);
  });
});
