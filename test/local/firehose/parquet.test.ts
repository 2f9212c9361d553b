import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ocsfClasses } from "../../../core/audit/classes.ts";
import type { AuditFacts } from "../../../core/audit/record.ts";
import { parquetClasses } from "../../../lib/audit/parquet/classes.ts";
import { toParquet } from "../../../local/emulator/firehose/convert.ts";
import { hiveOf, read } from "../../../local/emulator/firehose/hive.ts";
import { type Delivered, openFirehose } from "../../../local/emulator/firehose/service.ts";
import { bare, full, operations } from "../../audit/samples.ts";
import { toRecord } from "../../kit/records.ts";

let folder: string;
let instance: DuckDBInstance;
let connection: DuckDBConnection;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parquet-"));
  instance = await DuckDBInstance.create(":memory:");
  connection = await instance.connect();
});
afterAll(() => {
  connection?.closeSync();
  instance?.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

const strange = 'ü 🪪 \u202e "quoted" it\'s \\ \u0007 ،';
const decisions: readonly AuditFacts[] = operations.flatMap((operation) => [
  full(operation),
  bare(operation),
  {
    ...full(operation),
    purpose: strange,
    reason: strange,
    actors: [],
    policies: ["a", "b"],
    grants: [
      {
        resource: "https://a.example",
        scopes: ["x", "y"],
        details: [{ type: "t", deep: { list: [1, null, strange] } }],
      },
      { resource: "https://b.example", scopes: [], details: [] },
    ],
  },
  {
    ...full(operation),
    outcome: "denied",
    denial: { code: "parent_dead", cause: { kind: "tombstone", sid: "AAAAAAAAAAAAAAAAAAAAAA" } },
  },
]);

async function rowsOf(bytes: Buffer): Promise<readonly Record<string, unknown>[]> {
  const file = join(folder, "read.parquet");
  writeFileSync(file, bytes);
  return (await connection.runAndReadAll(`SELECT * FROM read_parquet('${file}')`)).getRowObjectsJson();
}
/** A value as DuckDB prints it: long numbers as text. */
const printed = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, each) => (typeof each === "number" ? String(each) : each));

describe.each(parquetClasses.map((one) => [one.className, one] as const))(
  "records of class %s as Parquet",
  (className, one) => {
    const columns = one.columns.map(({ name, type }) => [name, hiveOf(type)] as const);
    const bodies = decisions
      .filter(({ operation }) => ocsfClasses[operation].className === className)
      .map((facts, at) => toRecord(facts, `event-${at}`).body);

    it("say what the lines say: lists, lists in lists, objects, what is missing, and any sign", async () => {
      expect(bodies.length).toBeGreaterThan(10);
      const bytes = await toParquet(
        { columns, compression: "snappy" },
        bodies.map((body) => Buffer.from(body)),
      );
      expect(bytes.subarray(0, 4).toString()).toBe("PAR1");
      const rows = await rowsOf(bytes);
      const wanted = bodies.map((body) => read(JSON.parse(body), { kind: "struct", members: columns }));
      expect(printed(rows)).toEqual(printed(wanted));
      // and not because both say nothing
      const text = JSON.stringify(rows);
      for (const part of ["🪪", "https://b.example", '"scopes":["x","y"]', "parent_dead"]) expect(text).toContain(part);
    });

    it("have a column for every member that is written, so that none is lost", () => {
      const known = new Set(one.columns.map(({ name }) => name));
      const missing = bodies.flatMap((body) => Object.keys(JSON.parse(body)).filter((member) => !known.has(member)));
      expect([...new Set(missing)]).toEqual([]);
    });
  },
);

it("the embedded Firehose delivers what it converted as an object of its own kind, and drops nothing at its end", async () => {
  const [one] = parquetClasses;
  if (!one) throw new Error("no class");
  const delivered: Delivered[] = [];
  const arn = "arn:aws:firehose:eu-west-1:111122223333:deliverystream/p";
  const firehose = openFirehose(
    [
      {
        ...{
          name: "p",
          arn,
          bucketArn: "arn:aws:s3:::b",
          roleArn: "r",
          prefix: "ext/x/eventDay=!{timestamp:yyyyMMdd}/",
        },
        ...{ bufferSeconds: 300, bufferBytes: 64 * 1_048_576, gzip: false, delimiter: "" },
        conversion: {
          columns: one.columns.map(({ name, type }) => [name, hiveOf(type)] as const),
          compression: "snappy",
        },
      },
    ],
    { deliver: (_stream, object) => void delivered.push(object), nowMillis: () => Date.parse("2026-11-30T01:02:03Z") },
  );
  for (const id of ["one", "two"]) firehose.put(arn, Buffer.from(toRecord(full("attest"), id).body));
  await firehose.close();
  expect(delivered.map(({ key }) => key)).toEqual([
    expect.stringMatching(/^ext\/x\/eventDay=20261130\/p-1-.*\.parquet$/),
  ]);
  const rows = await rowsOf(delivered[0]?.bytes ?? Buffer.alloc(0));
  expect(rows.map((row) => (row.metadata as { uid: string }).uid)).toEqual(["one", "two"]);
});
