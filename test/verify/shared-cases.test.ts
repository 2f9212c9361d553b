import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { CaseFile } from "../kit/verify-cases/case.ts";
import { caseFiles, caseText } from "../kit/verify-cases/files.ts";
import { runCase } from "../kit/verify-cases/run.ts";

const kept = (name: string): string =>
  readFileSync(new URL(`../../conformance/verify/${name}.json`, import.meta.url), "utf8");
const names = ["tokens", "proofs", "liveness", "requests", "replies", "details", "random"];

describe.each(names)("the cases that Python runs too: %s", (name) => {
  const file = JSON.parse(kept(name)) as CaseFile;

  test.each(file.cases.map((one) => [one.id, one.title, one] as const))("%s: %s", async (_, __, one) => {
    const outcomes = await runCase(file, one);
    expect(outcomes.map((outcome) => outcome.expect)).toEqual(one.steps.map((step) => step.expect));
    for (const [n, step] of one.steps.entries()) {
      if (step.reply) expect(outcomes[n]?.reply).toEqual(step.reply);
      if (step.access) expect(outcomes[n]?.access).toEqual(step.access);
    }
  });
});

test("the same cases come of generating them again, and there are hundreds that are refused", async () => {
  const made = await caseFiles();
  expect([...made.keys()]).toEqual(names);
  for (const [name, file] of made)
    expect(caseText(file) === kept(name), `${name}: node scripts/verify-cases.ts`).toBe(true);
  const steps = [...made.values()].flatMap(({ cases }) => cases).flatMap((one) => one.steps);
  expect(steps.filter((step) => step.expect !== "accepted").length).toBeGreaterThan(700);
  expect(steps.some((step) => step.expect === "recorded")).toBe(false);
});
