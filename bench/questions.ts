import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { openDuckDb } from "../bin/lanyard/trace/duckdb.ts";
import { always } from "../core/lineage/queries.ts";
import { type Asked, type AuditQuestion, columnsOf, statementOf } from "../core/lineage/questions/question.ts";
import { auditQuestions } from "../core/lineage/questions/questions.ts";
import { toRecord } from "../test/kit/records.ts";
import { agentOf, resources, startMillis, storyOf, type Told } from "../test/lineage/questions/story.ts";
import { timed } from "./measure.ts";
import type { Bench, Row } from "./row.ts";

const section = "audit";
const records = 1_000_000;
/** So many different decisions, each told again under ids of its own. */
const different = 10_000;
/** A question may cost so many times what DuckDB takes to unpack each line and parse one member of it by its JSON reader. */
const goal = 1.5;

const asked: Asked = {
  days: always,
  sinceMillis: startMillis,
  untilMillis: startMillis + 30 * 3_600_000,
  named: { agent: agentOf("planner"), resource: resources[0] ?? "" },
};

/** Names of the story, as they stand inside JSON texts. */
const people = /"(p_[a-z]+)"/g;
const workers = /(\/agent\/[a-z/]+)"/g;

/**
 * Lines as the bucket holds them. Each file has ids, people and agents of its own, since a million records of four
 * people would be a question that nobody has; the first keeps its names, by which the questions ask.
 */
function write(folder: string, story: readonly Told[]): readonly string[] {
  mkdirSync(folder);
  const lines = story.map(({ id, facts }) => toRecord(facts, id).body).join("\n");
  return Array.from({ length: records / different }, (_, at) => {
    // ids of the story begin with its seed and an x
    const named = lines.replace(/"([esq])1x(\d+_+)"/g, (_all, kind: string, rest: string) => `"${kind}${at}y${rest}"`);
    const own = at === 0 ? named : named.replace(people, `"$1${at}"`).replace(workers, `$1${at}"`);
    const file = join(folder, `${String(at).padStart(3, "0")}.gz`);
    writeFileSync(file, gzipSync(own, { level: 1 }));
    return file;
  });
}

/** The least that DuckDB can do with these files: unpack, parse, and look at one member of each line. */
async function scan(files: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const listed = files.map((file) => `'${file}'`).join(", ");
  const found = await connection.runAndReadAll(
    `SELECT count(*) AS n FROM read_json([${listed}], format = 'newline_delimited', columns = {"time": 'BIGINT'}) WHERE "time" > 0`,
  );
  if (Number(found.getRowObjects()[0]?.n) !== records) throw new Error("the scan does not find every record");
  connection.closeSync();
  instance.closeSync();
}

async function ask(audit: string, question: AuditQuestion): Promise<void> {
  const must = Object.entries(asked.named).filter(([name]) => question.takes[name as "agent" | "resource"] === "must");
  const engine = await openDuckDb({ audit }, columnsOf(question));
  const found = await engine.ask(statementOf(question, { ...asked, named: Object.fromEntries(must) }));
  engine.close();
  if (found.length === 0) throw new Error(`nothing answers ${question.name}`);
}

/** Each of the ten questions, asked of a million records in files, beside a bare scan of the same files. */
export const questioned: Bench = {
  name: "audit/questions",
  async measure(): Promise<readonly Row[]> {
    const folder = mkdtempSync(join(tmpdir(), "bench-questions-"));
    try {
      const audit = join(folder, "audit");
      const files = write(audit, storyOf(1, different, 30));
      await scan(files);
      const base = await timed(() => scan(files));
      const of = "a bare scan by DuckDB of the same files, CPU time";
      const rows: Row[] = [
        {
          section,
          name: `the bare scan of ${records.toLocaleString("en")} records in ${files.length} files`,
          value: base.millis / 1000,
          unit: "s",
        },
      ];
      for (const question of auditQuestions) {
        const ours = await timed(() => ask(audit, question));
        rows.push({
          section,
          name: `question ${question.name}, with reading the files`,
          value: ours.millis / 1000,
          unit: "s",
          ratio: { of, value: ours.cpuMillis / base.cpuMillis },
          goal,
        });
      }
      return rows;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
