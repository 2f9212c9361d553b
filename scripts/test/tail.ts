/** What failed, in few and short lines: whoever reads only the end of a long output still learns it. */
import { stripVTControlCharacters } from "node:util";

const mostColumns = 200;
/** Kept of a failed command that names nothing: its last words. */
const mostLastWords = 6;
/** Failures remembered while a command runs. */
const mostKept = 200;

const short = (line: string): string => (line.length > mostColumns ? `${line.slice(0, mostColumns - 1)}…` : line);

/**
 * Failures as lines: the name, under it the reason.
 * @param failures where and why, in the order they are to be shown
 * @param mostLines bound of the lines in all, that which counts the rest included
 */
export function failureLines(failures: readonly (readonly [where: string, why: string])[], mostLines: number) {
  const shown = failures.length * 2 <= mostLines ? failures.length : Math.max(1, Math.floor((mostLines - 1) / 2));
  const lines = failures
    .slice(0, shown)
    .flatMap(([where, why]) => [short(`FAIL ${where}`), ...(why === "" ? [] : [short(`     ${why}`)])]);
  return shown === failures.length ? lines : [...lines, `     and ${failures.length - shown} more, named above`];
}

/** How the commands of CI name a failure: vitest, our own runners, vitest's errors outside of tests, tsc. */
const named = [/^FAIL\s+(.+)$/, /^⎯+ *((?:Uncaught|Unhandled) (?!Errors).*?) *⎯+$/, /^(\S+\(\d+,\d+\): error TS.+)$/];

/** Listens to a command's lines, keeps the failures they name, each with the line below it, and its last words. */
export class FailureListener {
  readonly #failures = new Map<string, { where: string; why: string }>();
  #unexplained: { why: string }[] = [];
  #lastWords: string[] = [];

  /** @param raw one line of the output, colours and all */
  hear(raw: string): void {
    const line = stripVTControlCharacters(raw).trim();
    if (line === "") return;
    this.#lastWords = [...this.#lastWords, line].slice(-mostLastWords);
    const name = named.map((pattern) => pattern.exec(line)?.[1]).find((each) => each !== undefined);
    if (name === undefined) {
      this.#explain(line);
      return;
    }
    // vitest writes the project in front of the file, and at the end of `npm test` the name stands once more, cut short
    const where = name.replace(/^\S+\s+(?=test\/)/, "");
    const key = where.slice(0, mostColumns / 2);
    if (this.#failures.has(key) || this.#failures.size >= mostKept) return;
    const failure = { where, why: "" };
    this.#failures.set(key, failure);
    this.#unexplained.push(failure);
  }

  /** The first line below one name, or below several in a row that failed alike. */
  #explain(line: string): void {
    if (!line.startsWith("ok ")) for (const failure of this.#unexplained) failure.why = line;
    this.#unexplained = [];
  }

  /** @returns at most so many lines: the failures that were named, else the last words */
  lines(mostLines: number): readonly string[] {
    if (this.#failures.size === 0) return this.#lastWords.slice(-mostLines).map((line) => short(`     ${line}`));
    // what was never tried says least
    const untried = ({ why }: { why: string }) => Number(why === "was not run");
    const failures = [...this.#failures.values()].sort((a, b) => untried(a) - untried(b));
    return failureLines(
      failures.map(({ where, why }) => [where, why] as const),
      mostLines,
    );
  }
}
