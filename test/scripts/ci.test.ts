import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { measureSlowness } from "../../scripts/ci/machine.ts";
import { runSuite } from "../../scripts/ci/run-suite.ts";
import { type Ending, runSuites } from "../../scripts/ci/run-suites.ts";
import type { Suite } from "../../scripts/ci/suites.ts";
import { FailureListener, failureLines } from "../../scripts/test/tail.ts";

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

  it("ends with what failed: a line for the suite, below it its failures, all within the last twenty lines", async () => {
    const failures = (name: string) => (mostLines: number) =>
      failureLines(
        Array.from({ length: 30 }, (_, i) => [`${name} ${i}`, "why"] as const),
        mostLines,
      );
    const ends = Object.fromEntries(["a", "b", "c"].map((name) => [name, { code: 1, failures: failures(name) }]));
    const { lines, run } = machine({ budgetSeconds: 100, ends });
    expect(await run(suite("a", 1), suite("b", 1), suite("c", 1), suite("good", 1), suite("huge", 1_000))).toBe(1);
    const last = lines.slice(-20);
    for (const name of ["a", "b", "c"])
      expect(last.slice(last.indexOf(`FAILED: ${name} (exit code 1)`)).slice(1, 3)).toEqual([
        `FAIL ${name} 0`,
        "     why",
      ]);
    expect(last.at(-1)).toContain("3 failed");
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

describe("what is kept of a failed suite's output", () => {
  const heard = (output: string, mostLines = 16) => {
    const listener = new FailureListener();
    for (const line of output.split("\n")) listener.hear(line);
    return listener.lines(mostLines);
  };

  it("is each failure with the first line of why, once, though npm test names it a second time", () => {
    const vitest = [
      "\u001b[41m FAIL \u001b[49m \u001b[42m shared \u001b[49m test/a.test.ts > x > y",
      "AssertionError: expected 1 to be 2",
      "",
      " FAIL  |alone| test/b.test.ts > one",
      " FAIL  |alone| test/b.test.ts > two",
      "Error: both",
      "⎯⎯⎯⎯ Unhandled Errors ⎯⎯⎯⎯",
      "⎯⎯⎯⎯ Unhandled Rejection ⎯⎯⎯⎯",
      "Error: read ECONNRESET",
      "FAIL test/a.test.ts > x > y",
      "     expected 1 to be 2",
      "9 passed, 4 failed",
    ];
    expect(heard(vitest.join("\n"))).toEqual([
      "FAIL test/a.test.ts > x > y",
      "     AssertionError: expected 1 to be 2",
      "FAIL test/b.test.ts > one",
      "     Error: both",
      "FAIL test/b.test.ts > two",
      "     Error: both",
      "FAIL Unhandled Rejection",
      "     Error: read ECONNRESET",
    ]);
  });

  it("is a failed check with what the compiler said, and cases that failed before those that were not run", () => {
    expect(heard("core/a.ts(1,2): error TS2322: no\nFAIL types (1.0 s)\nok   lint (1.0 s)")).toEqual([
      "FAIL core/a.ts(1,2): error TS2322: no",
      "FAIL types (1.0 s)",
    ]);
    expect(heard("FAIL  one (0.0 s)\n      was not run\nFAIL  outside every case\n      npm ci", 3)).toEqual([
      "FAIL outside every case",
      "     npm ci",
      "     and 1 more, named above",
    ]);
  });

  it("is its last words when it named nothing", () => {
    const words = Array.from({ length: 50 }, (_, i) => `word ${i}`);
    expect(heard(words.join("\n"))).toEqual(words.slice(-6).map((word) => `     ${word}`));
  });

  it("is bounded in lines and columns, whatever was said", () => {
    const long = "x".repeat(100_000);
    const lines = heard(Array.from({ length: 1_000 }, (_, i) => `FAIL ${i} ${long}\n${long}`).join("\n"));
    expect(lines.length).toBeLessThanOrEqual(16);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(200);
    expect(lines.at(-1)).toContain("more, named above");
  });
});

describe("a suite", () => {
  /** What it says goes nowhere: whoever listens to this run would take its failures for ours. */
  const runs = (command: readonly string[], mostSeconds = 600) => {
    const said = new PassThrough().setEncoding("utf8");
    const ending = runSuite({ name: "a", quietSeconds: 1, command }, mostSeconds, { stdout: said, stderr: said });
    return ending.then((ended) => ({ ended, said: String(said.read() ?? "") }));
  };
  const spoken = (script: string, mostSeconds?: number) => runs([process.execPath, "--eval", script], mostSeconds);

  it("is heard on both its outputs, which go straight through, whatever its exit code", async () => {
    const { ended, said } = await spoken(
      `console.error("FAIL one\\n  why"); console.log("FAIL two"); process.exitCode = 3;`,
    );
    if (ended === "stopped") throw new Error("it was stopped");
    expect(ended.code).toBe(3);
    expect(said).toContain("FAIL one\n  why\n");
    const lines = ended.failures?.(16);
    expect(lines).toContain("FAIL one");
    expect(lines).toContain("FAIL two");
  });

  it("ends when its process does, though a child of it goes on and holds its outputs open", async () => {
    const child = `require("node:child_process").spawn(process.execPath, ["--eval", "setInterval(() => {}, 1e6)"], { stdio: "inherit" }).unref();`;
    expect((await spoken(child)).ended).toMatchObject({ code: 0 });
  });

  it("is stopped when its time is up", async () => {
    expect((await spoken("setInterval(() => {}, 1e6)", 0.2)).ended).toBe("stopped");
  });

  it("that cannot be started has failed", async () => {
    expect((await runs(["/nowhere/at-all"])).ended).toEqual({ code: 1 });
  });
});

describe("npm test", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));

  it("names, behind all else, what failed: a test, a hook, a file that does not load, an error outside of tests", () => {
    const folder = mkdtempSync(join(tmpdir(), "lanyard-failing-"));
    try {
      writeFileSync(join(folder, "vitest.config.mjs"), "export default { test: { globals: true } };");
      writeFileSync(
        join(folder, "some.test.ts"),
        `it("adds up", () => { setTimeout(() => { throw new Error("too late"); }, 5); expect(1).toBe(2); });
         it("holds", () => {});
         describe("behind a hook", () => { beforeAll(() => { throw new Error("no ground"); }); it("waits", () => {}); });`,
      );
      writeFileSync(join(folder, "lost.test.ts"), `import "./nowhere.ts";`);
      const { status, stdout } = spawnSync(process.execPath, ["scripts/test.ts", "--tests", "--root", folder], {
        cwd: root,
        encoding: "utf8",
      });
      expect(status).toBe(1);
      const last = stdout.trimEnd().split("\n").slice(-9).join("\n");
      expect(last).toContain(
        ["FAIL some.test.ts > adds up", "     expected 1 to be 2 // Object.is equality"].join("\n"),
      );
      expect(last).toContain("FAIL some.test.ts > behind a hook\n     no ground");
      expect(last).toContain("FAIL lost.test.ts\n     Cannot find module './nowhere.ts'");
      expect(last).toMatch(/FAIL an error outside of every test, while .*some\.test\.ts ran\n {5}too late/);
      expect(last).toMatch(/\n1 passed, 4 failed$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
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
