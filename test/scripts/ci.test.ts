import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { measureSlowness } from "../../scripts/ci/machine.ts";
import { type Ending, runSuites } from "../../scripts/ci/run-suites.ts";
import { parts, quietSuites, type Suite, slowSuites, unplaced } from "../../scripts/ci/suites.ts";

const suite = (name: string, quietSeconds: number): Suite => ({ name, quietSeconds, command: ["true"] });

/** A machine on which a suite takes as many seconds as it says, or what it planned for. */
function machine(given: {
  budgetSeconds: number;
  slowness?: number;
  takes?: Record<string, number>;
  ends?: Record<string, Ending>;
}) {
  let now = 0;
  const [ran, lines]: [string[], string[]] = [[], []];
  const ground = (suites: readonly Suite[]) => ({
    suites,
    budgetSeconds: given.budgetSeconds,
    slowness: given.slowness ?? 1,
    elapsedSeconds: () => now,
    run: async ({ name, quietSeconds }: Suite, mostSeconds: number): Promise<Ending> => {
      ran.push(name);
      const takes = given.takes?.[name] ?? quietSeconds * (given.slowness ?? 1);
      now += Math.min(takes, mostSeconds);
      return takes > mostSeconds ? "stopped" : (given.ends?.[name] ?? { code: 0 });
    },
    print: (line: string) => void lines.push(line),
  });
  return { ran, lines, run: (...suites: Suite[]) => runSuites(ground(suites)) };
}

describe("a run of CI", () => {
  it("runs everything on a machine that has the time", async () => {
    const { ran, lines, run } = machine({ budgetSeconds: 2_700 });
    expect(await run(suite("a", 100), suite("b", 300))).toBe(0);
    expect(ran).toEqual(["a", "b"]);
    expect(lines.at(-1)).toBe("2 suites passed, 0 failed, 0 left out, in 6 min 40 s");
  });

  it("leaves out what would not end within the budget, one line each, and still runs what fits", async () => {
    const { ran, lines, run } = machine({ budgetSeconds: 2_700, slowness: 20 });
    expect(await run(suite("story", 45), suite("big", 100), suite("small", 30), suite("last", 90))).toBe(0);
    expect(ran).toEqual(["story", "small"]);
    expect(lines.filter((line) => line.startsWith("left out: "))).toEqual([
      "left out: big (would take about 33 min 20 s, 30 min 0 s were left)",
      "left out: last (would take about 30 min 0 s, 20 min 0 s were left)",
    ]);
  });

  it("stops what takes longer than there is time, and says so", async () => {
    const { lines, run } = machine({ budgetSeconds: 600, takes: { slow: 5_000 } });
    expect(await run(suite("quick", 10), suite("slow", 20), suite("behind", 10))).toBe(0);
    expect(lines.filter((line) => line.startsWith("left out: "))).toHaveLength(2);
    expect(lines.join("\n")).toContain("left out: slow (stopped unfinished after 9 min 50 s: the budget was spent)");
  });

  it("fails when a suite failed, whatever else passed or was left out, and names it", async () => {
    const { ran, lines, run } = machine({ budgetSeconds: 100, ends: { bad: { code: 3 } } });
    expect(await run(suite("bad", 10), suite("good", 10), suite("huge", 1_000))).toBe(1);
    expect(ran).toEqual(["bad", "good"]);
    expect(lines).toContain("FAILED: bad (exit code 3)");
  });

  it("fails when nothing ran to its end: a run that tested nothing is no success", async () => {
    expect(await machine({ budgetSeconds: 10 }).run(suite("a", 100))).toBe(1);
    expect(await machine({ budgetSeconds: 100, takes: { a: 1_000 } }).run(suite("a", 50))).toBe(1);
  });

  it("learns from each suite how slow the machine has become", async () => {
    const { ran, run } = machine({ budgetSeconds: 1_000, takes: { a: 500 } });
    expect(await run(suite("a", 10), suite("b", 40))).toBe(0);
    expect(ran).toEqual(["a"]);
  });
});

describe("the suites of CI", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const isTest = (name: string) => name.endsWith(".test.ts");

  it("hold every test in exactly one part on a slow machine", () => {
    const holding = readdirSync(`${root}/test`, { withFileTypes: true }).filter((entry) =>
      entry.isDirectory()
        ? (readdirSync(`${root}/test/${entry.name}`, { recursive: true }) as string[]).some(isTest)
        : isTest(entry.name),
    );
    const listed = [...parts.flatMap(([, , paths]) => paths), ...unplaced];
    expect([...listed].sort()).toEqual(holding.map(({ name }) => `test/${name}`).sort());
  });

  it("are the same on a quick machine and on a slow one, but for npm test, which is taken apart", () => {
    const names = (suites: readonly Suite[]) => suites.map(({ name }) => name);
    const rest = unplaced.length === 0 ? [] : ["the rest"];
    const taken = new Set(["types, lint and walls", ...parts.map(([name]) => name), ...rest]);
    const slow = names(slowSuites).filter((name) => !taken.has(name));
    expect(slow.sort()).toEqual(
      names(quietSuites)
        .filter((name) => name !== "npm test")
        .sort(),
    );
    expect(slowSuites).toHaveLength(slow.length + taken.size);
  });

  it("take less than ten minutes on a quiet machine", () => {
    expect(quietSuites.reduce((sum, { quietSeconds }) => sum + quietSeconds, 0)).toBeLessThan(570);
  });

  it("begin with the story on a slow machine", () => {
    expect(slowSuites[0]?.name).toBe("the story");
  });
});

describe(".ci/run", () => {
  const run = (env: Record<string, string>, ...args: string[]) => {
    const main = fileURLToPath(new URL("../../scripts/ci/main.ts", import.meta.url));
    return spawnSync(process.execPath, [main, ...args], { encoding: "utf8", env: { ...process.env, ...env } });
  };

  it("explains itself, and its budget", () => {
    const { status, stdout } = run({}, "--help");
    expect(status).toBe(0);
    expect(stdout).toContain("LANYARD_CI_BUDGET_MINUTES");
  });

  it.each(["soon", "0", "-5", "NaN"])("refuses a budget of %j", (LANYARD_CI_BUDGET_MINUTES) => {
    expect(run({ LANYARD_CI_BUDGET_MINUTES }).status).toBe(2);
  });

  it("measures how slow the machine is, never as quicker than the quiet one", async () => {
    expect(await measureSlowness()).toBeGreaterThanOrEqual(1);
  });
});
