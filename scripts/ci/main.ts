/**
 * What `.ci/run` runs once everything is installed: measures the machine, then everything on a quick one and, on a slow
 * one, the same suites in order of importance until the budget is spent. A failed test fails it, on any machine.
 */
import { measureSlowness } from "./machine.ts";
import { runSuite } from "./run-suite.ts";
import { runSuites } from "./run-suites.ts";
import { quietSuites, slowSuites } from "./suites.ts";

const usage = `Usage: .ci/run [--help]

Runs the README's commands and every suite that waits for no clock; on a slow machine in order of importance, until the
budget is spent, and says what it left out.

  LANYARD_CI_BUDGET_MINUTES   minutes there are in all, the installation included (45)
  LANYARD_CI_SLOWNESS         how many times slower than a quiet machine this one is taken to be (measured)

Exit codes: 0 everything that ran passed, 1 something failed, 2 not called right.
`;
/** Slower than this, and the whole takes longer than a person waits. */
const slowFrom = 2.5;

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(usage);
    return 0;
  }
  const budgetMinutes = Number(process.env.LANYARD_CI_BUDGET_MINUTES ?? 45);
  if (!(budgetMinutes > 0)) {
    process.stderr.write(`LANYARD_CI_BUDGET_MINUTES is no number of minutes\n\n${usage}`);
    return 2;
  }
  // whoever called has installed first, and tells how long that took
  const spentSeconds = Number(process.env.LANYARD_CI_SPENT_SECONDS ?? 0) || 0;
  const startedMillis = performance.now();
  const slowness = Number(process.env.LANYARD_CI_SLOWNESS) || (await measureSlowness());
  const slow = slowness > slowFrom;
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  print(
    `this machine is ${slowness.toFixed(1)} times as slow as a quiet one of two cores; ${budgetMinutes} minutes in all`,
  );
  return runSuites({
    suites: slow ? slowSuites : quietSuites,
    budgetSeconds: budgetMinutes * 60,
    slowness,
    elapsedSeconds: () => spentSeconds + (performance.now() - startedMillis) / 1000,
    run: (suite, mostSeconds) => runSuite(suite, mostSeconds),
    print,
  });
}

process.exitCode = await main(process.argv.slice(2));
