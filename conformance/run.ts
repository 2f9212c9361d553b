import { Departure, Unsupported } from "./departure.ts";
import type { Row } from "./row.ts";
import type { Target } from "./target.ts";

/** What became of a row. */
export interface Outcome {
  readonly row: Row;
  readonly result: "ok" | "FAIL" | "skip";
  /** Why it failed or was skipped, or what was seen. */
  readonly detail?: string;
}

/** Runs one row; whatever it throws is its outcome. */
export async function runRow(row: Row, target: Target): Promise<Outcome> {
  try {
    const detail = await row.run(target);
    return { row, result: "ok", ...(detail ? { detail } : {}) };
  } catch (thrown) {
    if (thrown instanceof Unsupported) return { row, result: "skip", detail: thrown.message };
    const said = thrown instanceof Error ? thrown.message : String(thrown);
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? `: ${thrown.cause.message}` : "";
    // anything but a departure is the target's failure too: it did not do what the row asked first
    return { row, result: "FAIL", detail: thrown instanceof Departure ? said : `could not be asked: ${said}${cause}` };
  }
}

/** One line of the table. */
export const lineOf = ({ row, result, detail }: Outcome): string => {
  const level = row.level === "MUST" ? "" : ` (${row.level})`;
  const by = row.by === undefined ? undefined : `by ${row.by}`;
  const notes = [by, row.library ? "the client library's" : undefined, detail].filter((note) => note !== undefined);
  const more = notes.length === 0 ? "" : `  (${notes.join("; ").replace(/\s+/g, " ")})`;
  return `${result.padEnd(4)} ${row.standard}  ${row.section}  ${row.text}${level}${more}`;
};

/** The closing lines: what was skipped counts as neither. */
export function closing(outcomes: readonly Outcome[]): readonly string[] {
  const count = (result: Outcome["result"]) => outcomes.filter((each) => each.result === result).length;
  const skipped = count("skip");
  return [...(skipped > 0 ? [`${skipped} skipped`] : []), `${count("ok")} passed, ${count("FAIL")} failed`];
}
