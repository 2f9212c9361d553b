import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { benches } from "../../bench/benches.ts";
import { Tally, Waves } from "../../bench/cost/tally.ts";
import { compare } from "../../bench/measure.ts";
import { type Row, shortfall } from "../../bench/row.ts";
import { tableOf } from "../../bench/table.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const row = (more: Partial<Row>): Row => ({ section: "s", name: "n", value: 1, unit: "ms", ...more });
const times = (value: number) => ({ ratio: { of: "something", value } });
const run = (...args: string[]) =>
  spawnSync(process.execPath, ["bench/run.ts", ...args], { cwd: root, encoding: "utf8" });

describe("a row", () => {
  test("holds at its goal, is short above it, and missed when a ratio is more than a fifth above", () => {
    expect(shortfall(row({ ...times(2.5), goal: 2.5 }))).toBeUndefined();
    expect(shortfall(row({ ...times(2.9), goal: 2.5 }))).toBe("short");
    expect(shortfall(row({ ...times(3.1), goal: 2.5 }))).toBe("missed");
  });

  test("is missed by anything where it is counted: there is no noise in a count", () => {
    expect(shortfall(row({ value: 20, goal: 20 }))).toBeUndefined();
    expect(shortfall(row({ value: 21, goal: 20 }))).toBe("missed");
  });

  test("without a goal is judged by nobody", () => expect(shortfall(row({ value: 1e9 }))).toBeUndefined());

  test("is told with its goal beside it, and marked where it falls short", () => {
    const table = tableOf([
      row({ ...times(2), goal: 2.5 }),
      row({ ...times(4), goal: 2.5, aim: 1 }),
      row({ value: 7 }),
    ]);
    const [section, held, missed, plain] = table.split("\n");
    expect(section).toBe("s");
    expect(held).toMatch(/2\.00 × something +goal 2\.5: holds$/);
    expect(missed).toMatch(/4\.00 × something +goal 2\.5, aim 1: SHORT$/);
    expect(plain).toMatch(/7 ms$/);
  });
});

test("a contestant that does three times the work takes about three times as long, whoever else is busy", async () => {
  const spin = (turns: number) => ({
    run() {
      let sum = 0;
      for (let turn = 0; turn < turns * 20_000; turn++) sum = (sum * 31 + turn) | 0;
      return sum;
    },
  });
  const taken = await compare({ one: spin(1), three: spin(3) }, { rounds: 9, sliceMillis: 4, quick: true });
  expect(taken.three.times("one")).toBeGreaterThan(2);
  expect(taken.three.times("one")).toBeLessThan(4.5);
});

test("calls side by side are one round trip, and what waits for them is the next", async () => {
  const tally = new Tally();
  const waves = new Waves(tally);
  const call = () => waves.through(async () => undefined);
  await Promise.all([call(), call().then(call), call()]);
  expect(tally.roundTrips).toBe(2);
});

describe("the command", () => {
  test("says what it can measure", () => {
    const { status, stdout } = run("--help");
    expect(status).toBe(0);
    for (const { name } of benches) expect(stdout).toContain(name);
  });

  test.each([
    ["a row that is not there", ["verfy"]],
    ["an option that is not there", ["--quickly"]],
  ])("refuses %s, with exit code 2 and how it is called", (_what, args) => {
    const { status, stderr } = run(...args);
    expect(status).toBe(2);
    expect(stderr).toContain("Usage:");
  });

  test("names every row that it measures once", () => {
    const names = benches.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
