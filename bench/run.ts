/** `npm run bench [-- name …]`: see the usage below; docs/performance.md says what bounds each figure. */
import { parseArgs } from "node:util";
import { benches } from "./benches.ts";
import { type Pace, type Row, shortfall } from "./row.ts";
import { tableOf } from "./table.ts";

const usage = `Usage: npm run bench [-- [--quick] [--check] [--json] [name ...]]

Measures what Lanyard costs in time, bytes, round trips and dollars, beside the libraries that do a part of the same. Each
ratio is within one run: what is compared takes turns in short slices of CPU time, so a busy machine moves both.

  name      only the rows whose name begins so: ${benches.map(({ name }) => name).join(", ")}
  --quick   fewer turns, and only what ends within seconds: about a minute
  --check   exits with 1 when a ratio falls short of its goal by more than a fifth, or a count by anything
  --json    the rows with goals and marks, as JSON

Exit codes: 0 measured (and, with --check, no row fell short), 1 a row fell short, 2 not called right.
`;
const thorough: Pace = { rounds: 60, sliceMillis: 12, quick: false };
const brief: Pace = { rounds: 15, sliceMillis: 6, quick: true };

const options = {
  quick: { type: "boolean" },
  check: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean" },
} as const;

async function main(args: string[]): Promise<number> {
  let parsed: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (thrown) {
    return refuse(thrown instanceof Error ? thrown.message : String(thrown));
  }
  const { values, positionals: names } = parsed;
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const unknown = names.find((wanted) => !benches.some(({ name }) => name.startsWith(wanted)));
  if (unknown !== undefined) return refuse(`there is no row ${unknown}`);
  const isWanted = (name: string) => names.some((wanted) => name.startsWith(wanted));
  // what was named is measured, quick or not
  const chosen = benches.filter((bench) => (names.length > 0 ? isWanted(bench.name) : bench.quick || !values.quick));
  const rows: Row[] = [];
  for (const bench of chosen) {
    process.stderr.write(`measuring ${bench.name} …\n`);
    rows.push(...(await bench.measure(values.quick ? brief : thorough)));
  }
  const marked = rows.map((row) => ({ ...row, falls: shortfall(row) }));
  process.stdout.write(`${values.json ? JSON.stringify(marked, null, 2) : tableOf(rows)}\n`);
  const missed = marked.filter(({ falls }) => falls === "missed");
  for (const { section, name } of missed) process.stderr.write(`falls short: ${section}, ${name}\n`);
  return values.check && missed.length > 0 ? 1 : 0;
}

function refuse(why: string): 2 {
  process.stderr.write(`${why}\n\n${usage}`);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
