import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openDuckDb } from "../../bin/lanyard/trace/duckdb.ts";
import { readRecord } from "../../core/evidence/record.ts";
import { always, within } from "../../core/lineage/queries.ts";
import { auditLineOf } from "../../core/lineage/rows.ts";
import { bare, full, operations } from "../audit/samples.ts";
import { toRecord } from "../kit/records.ts";

test("a record is read as both engines of a trace read it", async () => {
  const places = ["arn:aws:s3:::tickets/two words/"];
  const facts = operations.flatMap((operation) => {
    const known = full(operation);
    return [known, bare(operation), { ...known, ...(known.aws && { aws: { ...known.aws, places } }) }];
  });
  const texts = facts.map((one, n) => toRecord(one, `record-${n}-`.padEnd(22, "0")).body);
  const folder = await mkdtemp(join(tmpdir(), "lanyard-evidence-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "records.json"), `${texts.join("\n")}\n`);
  const engine = await openDuckDb({ audit: folder });
  onTestFinished(() => engine.close());
  const rows = await engine.ask(within({ table: "audit", where: "1 = 1", values: [] }, always));
  const known = new Map(rows.map((row) => [row.uid, auditLineOf(row)]));
  expect(known.size).toBe(texts.length);
  for (const text of texts) {
    const read = readRecord(text);
    expect(read.ok && read.value.line).toEqual(known.get(read.ok ? read.value.eventId : ""));
  }
});

test("what is no record of ours is refused", () => {
  for (const text of [
    "",
    "{}",
    "[]",
    "null",
    '{"metadata":{"uid":"a"},"time":"1"}',
    `${"[".repeat(70)}${"]".repeat(70)}`,
  ])
    expect(readRecord(text).ok).toBe(false);
  const twice = '{"metadata":{"uid":"a","uid":"b"},"time":1,"unmapped":{"lanyard":{"operation":"attest"}}}';
  expect(readRecord(twice).ok).toBe(false);
});
