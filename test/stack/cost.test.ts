/** The idle cost that docs/cost.md names is that of the templates: what is paid for by its number is counted here. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { canaryLines, countTemplates, idleLines } from "../../bench/cost/idle.ts";
import { dollarsOf } from "../../bench/cost/lines.ts";
import { logCalls } from "../../bench/cost/log.ts";
import { prices } from "../../bench/cost/prices.ts";
import { createLog } from "../sealing/ground.ts";

const counted = countTemplates();
const page = readFileSync(fileURLToPath(new URL("../../docs/cost.md", import.meta.url)), "utf8");
const words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

test("the page counts the keys, the standbys, the alarms and what they read", () => {
  const { keys, standbys, alarms, alarmMetrics } = counted;
  expect(page).toContain(`${words[keys]} of the stack, a standby for each of ${words[standbys]} that sign`);
  expect(page).toContain(`$${(alarmMetrics * prices.alarmMetric.dollars).toFixed(1)} for ${alarms} alarms`);
  expect(page).toContain(`(${alarmMetrics} metrics at $0.10)`);
});

test("the page counts our own metrics: two a function with a URL and class of answer", () => {
  expect(page).toContain(`${words[counted.urls]} functions with a URL`);
  expect(page).toContain(
    `$${(counted.urls * 2 * prices.metric.dollars).toFixed(0)} a month once each answers in every hour`,
  );
});

test("the page's idle sum is the sum of its parts", () => {
  const idle = idleLines(counted).reduce((sum, line) => sum + dollarsOf(line), 0);
  expect(page).toContain(`about $${idle.toFixed(0)} a month`);
});

test("a decision point costs nothing while nobody asks it", () => {
  const { urls, ...more } = countTemplates({ decisions: true });
  const { urls: before, ...without } = counted;
  expect(more).toEqual(without);
  expect(urls).toBe(before + 2);
});

test("a log in which nothing is written asks what the bench counts, each minute and in each hour", async () => {
  const log = createLog();
  const countOf = async () => {
    const calls: Record<string, number> = {};
    await log.run(async (call) => {
      const [name = ""] = call.split(" ");
      calls[name] = (calls[name] ?? 0) + 1;
      return undefined;
    });
    return (...names: readonly string[]) => names.reduce((sum, name) => sum + (calls[name] ?? 0), 0);
  };
  const hour = async () => {
    log.time.nowMillis += 3_600_000;
    log.time.reconciledAtMillis = log.time.nowMillis;
    return countOf();
  };
  await countOf();
  for (let hours = 0; hours < 3; hours++) await hour();
  const [beat, still] = [await hour(), await countOf()];
  const { sealer, heartbeat } = logCalls;
  expect({ headReads: still("head.read"), indexes: still("waiting"), memoryReads: still("reconciled") }).toEqual(
    sealer,
  );
  expect(still("create", "replace", "read", "sign", "head.write")).toBe(0);
  expect({
    signatures: beat("sign"),
    puts: beat("create", "replace"),
    gets: beat("read"),
    headReads: beat("head.read") - still("head.read"),
    headWrites: beat("head.write"),
    announced: beat("announce"),
  }).toEqual(heartbeat);
});

test("the page says what the canary costs, and how much of it is CloudWatch's", () => {
  const lines = canaryLines();
  const sum = (of: typeof lines) => of.reduce((total, line) => total + dollarsOf(line), 0);
  expect(page).toContain(`about $${sum(lines).toFixed(0)} a month where nobody else calls`);
  expect(page).toContain(`alarms of its own ($${sum(lines.slice(0, 2)).toFixed(1)})`);
  expect(page).toContain(`in every hour ($${sum(lines.slice(2, 3)).toFixed(1)})`);
});

test("the page says what a dashboard costs", () => {
  expect(page).toContain(`\`dashboard\` is $${prices.dashboard.dollars} a month`);
});

test("every price stands on a page of AWS", () => {
  for (const { page: from, dollars } of Object.values(prices)) {
    expect(from).toMatch(/^https:\/\/aws\.amazon\.com\/[a-z0-9/-]+\/$/);
    expect(dollars).toBeGreaterThan(0);
  }
});
