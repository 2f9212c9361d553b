import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

/** What a run came to so far. */
interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * One line a case as it ends, what the case measured below it, and `N passed, N failed` at the end. A suite that cannot
 * be loaded, a case that was left out and an error outside every case count as failed: nothing tested is no success. A
 * case that says itself what it misses on this machine is skipped.
 */
export default class Lines implements Reporter {
  readonly #count: Count = { passed: 0, failed: 0, skipped: 0 };

  onTestCaseResult(test: TestCase): void {
    const result = test.result();
    const { state, errors = [] } = result;
    if (result.state === "skipped" && result.note !== undefined) {
      this.#count.skipped += 1;
      print(`skip  ${test.fullName.replaceAll(" > ", ": ")}: ${result.note}`);
      return;
    }
    const passed = state === "passed";
    this.#count[passed ? "passed" : "failed"] += 1;
    const seconds = ((test.diagnostic()?.duration ?? 0) / 1000).toFixed(1);
    print(`${passed ? "pass" : "FAIL"}  ${test.fullName.replaceAll(" > ", ": ")} (${seconds} s)`);
    for (const { message } of test.annotations()) print(`      ${message}`);
    if (!passed) tell(state === "skipped" ? [{ message: "was not run" }] : errors);
  }

  onTestModuleEnd(module: TestModule): void {
    this.#fail(module.errors());
    for (const suite of module.children.allSuites()) this.#fail(suite.errors());
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    this.#fail(unhandled);
    if (modules.length === 0) this.#fail([{ message: "no suite was found" }]);
    const { passed, failed, skipped } = this.#count;
    if (passed + failed === 0) this.#fail([{ message: "every case was skipped" }]);
    print(`${passed} passed, ${this.#count.failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`);
    // a case left out fails nothing at vitest
    if (this.#count.failed > 0) process.exitCode = 1;
  }

  #fail(errors: readonly Failure[]): void {
    this.#count.failed += errors.length;
    if (errors.length > 0) print("FAIL  outside every case");
    tell(errors);
  }
}

interface Failure {
  readonly message: string;
  readonly stack?: string;
  readonly diff?: string;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function tell(errors: readonly Failure[]): void {
  for (const { message, stack, diff } of errors)
    for (const text of [message, diff, stack?.split("\n").find((line) => line.includes("test/"))])
      for (const line of text?.split("\n") ?? []) print(`      ${line}`);
}
