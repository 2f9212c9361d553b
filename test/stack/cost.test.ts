/** The idle cost that docs/cost.md names is that of the templates: what is paid for by its number is counted here. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { rotated } from "../../lib/state/keys.ts";
import { all, synthesized } from "./synthesized.ts";

const { templates } = synthesized();
const page = readFileSync(fileURLToPath(new URL("../../docs/cost.md", import.meta.url)), "utf8");
const words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/** Dollars a month. */
const price = { key: 1, alarmMetric: 0.1, metric: 0.3 };
const keys = all(templates, "AWS::KMS::Key").length;
const alarms = all(templates, "AWS::CloudWatch::Alarm");
/** CloudWatch charges an alarm by the metrics it reads, not by itself. */
const alarmMetrics = alarms.reduce((sum, { it }) => {
  const { Metrics } = it.Properties as { Metrics?: { MetricStat?: object }[] };
  return sum + (Metrics ? Metrics.filter(({ MetricStat }) => MetricStat).length : 1);
}, 0);
const urls = all(templates, "AWS::Lambda::Url").length;
/** Session keys are of two algorithms. */
const standbys = rotated.length + 1;

test("the page counts the keys, the standbys, the alarms and what they read", () => {
  expect(page).toContain(`${words[keys]} of the stack, a standby for each of ${words[standbys]} kinds`);
  expect(page).toContain(`$${(alarmMetrics * price.alarmMetric).toFixed(0)} for ${alarms.length} alarms`);
  expect(page).toContain(`(${alarmMetrics} metrics at $0.10)`);
});

test("the page counts our own metrics: two a function with a URL and class of answer", () => {
  expect(page).toContain(`${words[urls]} functions with a URL`);
  expect(page).toContain(`$${(urls * 2 * price.metric).toFixed(0)} a month once each answers in every hour`);
});

test("the page's idle sum is the sum of its parts", () => {
  const kept = (keys + standbys) * price.key;
  const rest = 2 + 0.1;
  const idle = kept + alarmMetrics * price.alarmMetric + rest;
  expect(page).toContain(`about $${idle.toFixed(0)} a month, and $${(idle + standbys).toFixed(0)} once`);
});
