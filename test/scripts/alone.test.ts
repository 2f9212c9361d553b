import { readdirSync, readFileSync } from "node:fs";
import { basename, matchesGlob } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { alone } from "../alone.ts";
import { campaigns } from "../e2e/campaigns.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** What a file does to all that run in its process after it, or beside its timers. */
const changesTheProcess =
  /\bvi\.(?:stub(?:Env|Global)|(?:do)?[mM]ock|useFakeTimers|setSystemTime)\(|\bspyOn\(\s*(?:globalThis|process|console)\b|\bprocess\.(?:chdir|on|once)\(|\b(?:delete process\.env|process\.env(?:\.\w+|\[[^\]]+\]) =(?!=))/;

const tests = (readdirSync(`${root}test`, { recursive: true }) as string[])
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => `test/${name}`);
const isAlone = (file: string): boolean => alone.some((pattern) => matchesGlob(file, pattern));

describe("tests that share the process of their worker", () => {
  it("change nothing in it that the next file would meet", () => {
    const shared = tests.filter((file) => !isAlone(file) && file !== "test/scripts/alone.test.ts");
    expect(shared.length).toBeGreaterThan(150);
    expect(shared.filter((file) => changesTheProcess.test(readFileSync(`${root}${file}`, "utf8")))).toEqual([]);
  });

  it("are all but those that are named, and each name is of a test there is", () => {
    for (const pattern of alone) expect(tests.filter((file) => matchesGlob(file, pattern))).not.toEqual([]);
  });

  it.each([
    'vi.stubEnv("A", "b");',
    "vi.useFakeTimers();",
    'vi.mock("./a.ts");',
    'vi.spyOn(globalThis, "fetch")',
    'vi.spyOn(console, "log")',
    'process.env.A = "b";',
    "delete process.env.A;",
    'process.on("exit", end);',
  ])("would be told about %j", (text) => {
    expect(changesTheProcess.test(text)).toBe(true);
  });
});

describe("end-to-end suites", () => {
  it("have names of their own wherever they lie, and each that npm test leaves out is there", () => {
    const suites = tests.filter((file) => file.startsWith("test/e2e/")).map((file) => basename(file, ".test.ts"));
    expect(suites).toEqual([...new Set(suites)]);
    expect(suites).toEqual(expect.arrayContaining([...campaigns]));
  });
});
