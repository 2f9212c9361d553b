import type { OperationReport, Report } from "./report.ts";

const whole = (value: number): string => (Number.isFinite(value) ? Math.round(value).toLocaleString("en") : "–");
const megabytes = (bytes: number | undefined): string => (bytes === undefined ? "?" : whole(bytes / 1_000_000));

const head = [
  "operation",
  "while",
  "arrivals",
  "p50 ms",
  "p90 ms",
  "p99 ms",
  "most ms",
  "granted",
  "of these asked again",
  "refused",
  "told to come back to the end",
  "no answer in 20 s",
  "shed",
];

const cells = ({ operation, throttled, arrivals, millis, ends, askedAgain }: OperationReport): readonly string[] => [
  operation,
  throttled ? "throttled" : "undisturbed",
  ...[arrivals, millis.p50, millis.p90, millis.p99, millis.most, ends.granted, askedAgain].map(whole),
  ...[ends.refused, ends.unavailable, ends.unanswered, ends.shed].map(whole),
];

/** The part undisturbed first, then the part throttled. */
const rowsOf = ({ operations }: Report): readonly (readonly string[])[] =>
  [false, true].flatMap((throttled) => operations.filter((one) => one.throttled === throttled).map(cells));

/** Latencies and endings as a table of Markdown. */
export const markdownTable = (report: Report): string =>
  [head, head.map((_, column) => (column < 2 ? "---" : "---:")), ...rowsOf(report)]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");

/** The same for a terminal. */
export function plainTable(report: Report): string {
  const rows = [head, ...rowsOf(report)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return rows.map(line).join("\n");
}

/** What it ran on, in one sentence. */
export const machineLine = ({ machine: { processor, cores, node, busyBefore } }: Report): string =>
  `${processor}, ${cores} cores, Node ${node}; before the run ${busyBefore.toFixed(1)} processes wanted a core.`;

/** Answers, memory and audit, one sentence each. */
export function sentences(report: Report): readonly string[] {
  const { answers, memory, audited, broken } = report;
  const { sessions, unreleased, unheard, ended, records, proofs, asked } = audited;
  const said = answers.map(({ answer, times }) => `${whole(times)} × ${answer}`).join(", ");
  const [first, last] = [memory[0], memory.at(-1)];
  const peak = (of: "services" | "functions" | "callers") => Math.max(...memory.map((sample) => sample[of] ?? 0));
  const course = (of: "services" | "functions" | "callers") =>
    `${megabytes(first?.[of])} MB at the beginning, ${megabytes(last?.[of])} at the end, ${megabytes(peak(of))} at most`;
  return [
    `Answers over the wire: ${said}.`,
    `Memory: the emulated services ${course("services")}; all sandboxes of the functions ${course("functions")}, ${whole(first?.sandboxes ?? 0)} sandboxes and then ${whole(last?.sandboxes ?? 0)}; the callers ${course("callers")}.`,
    `Held against every answer afterwards: ${whole(sessions)} sessions, of which ${whole(unreleased)} were stored for an answer of 503 and ${whole(unheard)} for a caller that had gone, and never released (${whole(ended)} of them ended at once); ${whole(records)} records, all of them also looked for in the bucket; ${whole(proofs)} proofs, consumed if and only if their grant is on record; ${whole(asked[0])} living and ${whole(asked[1])} revoked sessions, asked about once more.`,
    broken.length === 0 ? "Broken promises: none." : `Broken promises: ${broken.length}.`,
  ];
}
