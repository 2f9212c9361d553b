import { type Row, shortfall } from "./row.ts";

const marks = { short: "below its goal, within a fifth", missed: "SHORT" } as const;

const plain = (value: number): string =>
  value.toLocaleString("en", { maximumFractionDigits: value < 0.1 ? 4 : value < 10 ? 2 : value < 100 ? 1 : 0 });

/** Rows as a person reads them: section by section, each row's goal beside it and a mark where it falls short. */
export function tableOf(rows: readonly Row[]): string {
  const lines: string[] = [];
  const name = Math.max(...rows.map((row) => row.name.length), 10);
  let section = "";
  for (const row of rows) {
    if (row.section !== section) lines.push("", `${row.section}`);
    section = row.section;
    lines.push(`  ${row.name.padEnd(name)}  ${cellsOf(row)}`.trimEnd());
  }
  return lines.slice(1).join("\n");
}

function cellsOf(row: Row): string {
  const { value, unit, ratio, goal, aim } = row;
  const figure = `${plain(value).padStart(9)} ${unit}`.padEnd(18);
  const times = ratio ? `${ratio.value.toFixed(2).padStart(7)} × ${ratio.of}` : "";
  const wanted = goal === undefined ? "" : `goal ${plain(goal)}${aim === undefined ? "" : `, aim ${plain(aim)}`}`;
  const fault = shortfall(row);
  const held = fault === undefined ? "holds" : marks[fault];
  return goal === undefined ? `${figure}${times}` : `${figure}${times.padEnd(48)}  ${wanted}: ${held}`;
}
