/** Runs suites in order within a budget of time, and says what it left out and what failed. */
import type { Suite } from "./suites.ts";

/** How one suite ended: by itself, with what it named as failed, or stopped because its time was up. */
export type Ending =
  | { readonly code: number; readonly failures?: (mostLines: number) => readonly string[] }
  | "stopped";

/** Lines at the end that tell what failed: of a long log often no more than the end is seen. */
const mostFailureLines = 16;

/** What a run needs of the outside. */
interface CiGround {
  readonly suites: readonly Suite[];
  /** Seconds there are in all. */
  readonly budgetSeconds: number;
  /** How many times slower this machine was found than a quiet one of two cores. */
  readonly slowness: number;
  /** Seconds since the run began. */
  readonly elapsedSeconds: () => number;
  /** Runs a suite for at most so many seconds. */
  readonly run: (suite: Suite, mostSeconds: number) => Promise<Ending>;
  readonly print: (line: string) => void;
}

/**
 * Runs what fits: a suite that is not expected to end within the budget is left out, a smaller one behind it may still
 * fit, and one that takes longer than expected is stopped when the budget is spent. How slow the machine is, is learnt
 * anew from each suite.
 * @returns 0 when everything that ran to its end passed; 1 when one failed, or when nothing ran to its end at all
 */
export async function runSuites(ground: CiGround): Promise<0 | 1> {
  const { suites, budgetSeconds, elapsedSeconds, run, print } = ground;
  let slowness = Math.max(ground.slowness, 1);
  const left: string[] = [];
  const failed: [line: string, failures: (mostLines: number) => readonly string[]][] = [];
  let passed = 0;
  for (const suite of suites) {
    const remaining = budgetSeconds - elapsedSeconds();
    const expected = suite.quietSeconds * slowness;
    if (expected > remaining) {
      left.push(`left out: ${suite.name} (would take about ${minutes(expected)}, ${minutes(remaining)} were left)`);
      continue;
    }
    print(`--- ${suite.name} (about ${minutes(expected)})`);
    const began = elapsedSeconds();
    const ending = await run(suite, remaining);
    const took = elapsedSeconds() - began;
    if (ending === "stopped") {
      left.push(`left out: ${suite.name} (stopped unfinished after ${minutes(took)}: the budget was spent)`);
      continue;
    }
    if (ending.code === 0) passed++;
    else failed.push([`FAILED: ${suite.name} (exit code ${ending.code})`, ending.failures ?? (() => [])]);
    // neighbours come and go: the last suite says most, a failed one may have ended early
    if (ending.code === 0) slowness = Math.max(1, (slowness + 2 * (took / suite.quietSeconds)) / 3);
    print(`--- ${suite.name}: ${ending.code === 0 ? "passed" : "FAILED"} after ${minutes(took)}`);
  }
  for (const line of left) print(line);
  const share = Math.max(2, Math.floor(mostFailureLines / failed.length));
  for (const [line, failures] of failed) for (const each of [line, ...failures(share)]) print(each);
  print(`${passed} suites passed, ${failed.length} failed, ${left.length} left out, in ${minutes(elapsedSeconds())}`);
  return failed.length === 0 && passed > 0 ? 0 : 1;
}

const minutes = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
};
