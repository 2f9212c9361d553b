/** A vitest reporter that leaves a run's counts and what failed as JSON in the file that `LANYARD_TEST_REPORT` names. */
import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/** One thing that failed: where, and the first line of why. */
interface Failure {
  readonly where: string;
  readonly why: string;
}

/** What a run of vitest came to. */
export interface TestReport {
  readonly passed: number;
  readonly failed: number;
  /** Failed tests, then files and hooks that failed, then errors that nobody caught. */
  readonly failures: readonly Failure[];
}

type Messages = readonly { readonly message?: string }[] | undefined;
type Unhandled = Parameters<NonNullable<Reporter["onTestRunEnd"]>>[1];

/** Counts each file and hook that fails, and each error outside of every test, as one failure. */
export default class Failures implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: Unhandled): void {
    const path = process.env.LANYARD_TEST_REPORT;
    if (path === undefined) return;
    const failures = [
      ...modules.flatMap(failedTests),
      ...modules.flatMap(failedFilesAndHooks),
      ...unhandled.map(({ VITEST_TEST_PATH: file, message }) => ({
        where: `an error outside of every test${typeof file === "string" ? `, while ${file} ran` : ""}`,
        why: firstLine([{ message }]),
      })),
    ];
    const passed = modules.reduce((sum, module) => sum + [...module.children.allTests("passed")].length, 0);
    writeFileSync(path, JSON.stringify({ passed, failed: failures.length, failures } satisfies TestReport));
  }
}

const failedTests = (module: TestModule): Failure[] =>
  [...module.children.allTests("failed")].map((test) => ({
    where: `${module.relativeModuleId} > ${test.fullName}`,
    why: firstLine(test.result().errors),
  }));

function failedFilesAndHooks(module: TestModule): Failure[] {
  const suites = [...module.children.allSuites()].map((suite) => ({
    where: `${module.relativeModuleId} > ${suite.fullName}`,
    errors: suite.errors(),
  }));
  return [{ where: module.relativeModuleId, errors: module.errors() }, ...suites]
    .filter(({ errors }) => errors.length > 0)
    .map(({ where, errors }) => ({ where, why: firstLine(errors) }));
}

const firstLine = (errors: Messages): string => (errors?.[0]?.message ?? "").split("\n")[0] ?? "";
