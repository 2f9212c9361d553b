import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { openDuckDb } from "../bin/lanyard/trace/duckdb.ts";
import { readEvidence } from "../core/lineage/read.ts";
import { nodesOf, traceOf } from "../core/lineage/tree.ts";
import { type RawSession, rawAudit, rawOther, rawTrail } from "../test/lineage/raw.ts";
import { median, timed } from "./measure.ts";
import type { Bench, Row } from "./row.ts";

const section = "trace";
const lines = 1_000_000;
const perFile = 10_000;
const rounds = 3;
const startMillis = Date.parse("2026-11-30T00:00:00Z");
/** Reading every column that a trace asks about may cost so many times what a scan of one costs. */
const goal = 2;

const sid = (letter: string): string => letter.repeat(22);
const tree: readonly RawSession[] = ["A", "B", "C"].map((letter, depth) => ({
  sid: sid(letter),
  root: sid("A"),
  agent: letter.toLowerCase(),
  principal: "p_ada00000",
  ...(depth === 0 ? {} : { parent: sid("A") }),
  atMillis: startMillis + 43_200_000,
  calls: 30,
}));

/** A day of an account's trail as CloudTrail lays it out, and one tree in the midst of it. */
function write(folder: string): { readonly audit: string; readonly trail: string; readonly files: string[] } {
  const [audit, trail] = [join(folder, "audit"), join(folder, "trail")];
  for (const each of [audit, trail]) mkdirSync(each);
  writeFileSync(
    join(audit, "a.gz"),
    gzipSync(
      tree
        .flatMap(rawAudit)
        .map((each) => JSON.stringify(each))
        .join("\n"),
    ),
  );
  const files: string[] = [];
  for (let at = 0; at < lines; at += perFile) {
    const Records = Array.from({ length: perFile }, (_, n) => rawOther(at + n, startMillis + (at + n) * 80));
    if (at === lines / 2) {
      const ours = tree.flatMap(rawTrail);
      Records.splice(perFile / 2, ours.length, ...ours);
    }
    const file = join(trail, `${String(at).padStart(8, "0")}.json.gz`);
    writeFileSync(file, gzipSync(JSON.stringify({ Records }), { level: 1 }));
    files.push(file);
  }
  return { audit, trail, files };
}

/** The least that DuckDB can do with these files: unpack, parse, and look at one member of each line. */
async function scan(files: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const shape = `{"Records": 'STRUCT("eventID" VARCHAR)[]'}`;
  const from = `read_json([${files.map((file) => `'${file}'`).join(", ")}], maximum_object_size = 536870912, columns = ${shape})`;
  const found = await connection.runAndReadAll(
    `SELECT count(*) AS n FROM (SELECT unnest("Records") AS r FROM ${from}) WHERE r."eventID" = 'call-${sid("B")}-1'`,
  );
  if (Number(found.getRowObjects()[0]?.n) !== 1) throw new Error("the scan does not find the line");
  connection.closeSync();
  instance.closeSync();
}

async function traceOne(folders: { readonly audit: string; readonly trail: string }): Promise<void> {
  const engine = await openDuckDb(folders);
  const { audit, trail } = await readEvidence(engine.ask, { kind: "session", sid: sid("B") });
  const calls = traceOf(audit, trail)
    .roots.flatMap(nodesOf)
    .map((node) => node.calls.length);
  engine.close();
  if (calls.join(" ") !== "32 32 32") throw new Error(`the trace shows ${calls.join(" ")} calls`);
}

/** One session of a million lines, by files. */
export const traced: Bench = {
  name: "trace/session",
  async measure(): Promise<readonly Row[]> {
    const folder = mkdtempSync(join(tmpdir(), "bench-trace-"));
    try {
      const { files, ...folders } = write(folder);
      const base: Awaited<ReturnType<typeof timed>>[] = [];
      const ours: typeof base = [];
      for (let round = 0; round < rounds; round++) {
        base.push(await timed(() => scan(files)));
        ours.push(await timed(() => traceOne(folders)));
      }
      const ratio = median(ours.map(({ cpuMillis }, round) => cpuMillis / (base[round]?.cpuMillis ?? Number.NaN)));
      const of = "a bare scan by DuckDB of the same files, CPU time";
      const name = `one session's tree of ${lines.toLocaleString("en")} lines of CloudTrail in ${files.length} files`;
      return [
        {
          section,
          name,
          value: median(ours.map(({ millis }) => millis)) / 1000,
          unit: "s",
          ratio: { of, value: ratio },
          goal,
        },
        { section, name: "the bare scan", value: median(base.map(({ millis }) => millis)) / 1000, unit: "s" },
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
