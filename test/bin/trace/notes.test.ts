import { expect, test } from "vitest";
import { notesOf } from "../../../bin/lanyard/trace/notes.ts";
import type { Evidence } from "../../../core/lineage/read.ts";
import { traceOf } from "../../../core/lineage/tree.ts";
import { opened, read, sid, stsOf, vended } from "../../lineage/ground.ts";

const bucket = "arn:aws:s3:::files";
const table = "arn:aws:dynamodb:eu-west-1:111122223333:table/Notes";

/** What is told of data events, where sessions `a` and `b` got these places and did these things. */
function silences(places: readonly string[], calls: readonly ReturnType<typeof read>[], more: object = {}): string[] {
  const records = ["a", "b"].flatMap((name) => [opened(name), vended(name, { awsResources: places, ...more })]);
  const trail = [...stsOf("a"), ...stsOf("b"), ...calls];
  const trace = traceOf(records, trail);
  const evidence = { newestMillis: 2_000_000, cut: false } as Evidence;
  return notesOf(trace, trace.roots, evidence).filter((note) => note.startsWith("no data event"));
}

const at = (...resources: readonly string[]) => read("a", { resources });

test("tells each granted bucket, prefix and table that no data event is about, and no other", () => {
  const places = [`${bucket}/cases/`, `${bucket}/notes/`, "arn:aws:s3:::other", table];
  const told = silences(places, [at(`${bucket}/cases/42/a`, bucket), at(table)]);
  expect(told).toEqual([
    expect.stringMatching(
      /^no data event at arn:aws:s3:::files\/notes\/, which 2 sessions could reach: either nothing/,
    ),
    expect.stringMatching(/^no data event at arn:aws:s3:::other, which/),
  ]);
  expect(silences(places, [])).toHaveLength(4);
});

test.each([
  ["a bucket, by a key in it", bucket, `${bucket}/a`],
  ["a bucket, by a listing", bucket, bucket],
  ["a prefix, by a key below it", `${bucket}/cases/`, `${bucket}/cases/1`],
  ["a prefix with a blank", `${bucket}/my%20cases/`, `${bucket}/my%20cases/1`],
  ["a table, by an item", table, table],
  ["a table, by its index", table, `${table}/index/byDay`],
])("keeps quiet about %s", (_, place, resource) => {
  expect(silences([place], [at(resource)])).toEqual([]);
});

test.each([
  ["a bucket whose name only begins so", bucket, `${bucket}-of-others/a`],
  ["a prefix beside it", `${bucket}/cases/`, `${bucket}/cases-secret/a`],
  ["a listing of the bucket that the prefix is in", `${bucket}/cases/`, bucket],
  ["a table whose name only begins so", table, `${table}2`],
])("is not put at ease by %s", (_, place, resource) => {
  expect(silences([place], [at(resource)])).toHaveLength(1);
});

test("takes a management event, or a stranger's data event, for nothing", () => {
  expect(silences([bucket], [read("a", { resources: [bucket], category: "Management" })])).toHaveLength(1);
  expect(silences([bucket], [read("a", { resources: [bucket], accessKeyId: "ASIASTRANGER" })])).toHaveLength(1);
});

test("is quiet about credentials that were refused, and names a single session", () => {
  expect(silences([bucket], [], { outcome: "denied" })).toEqual([]);
  const trace = traceOf([opened("a"), vended("a", { awsResources: [`${bucket}/a%20b/`] })], stsOf("a"));
  const [note] = notesOf(trace, trace.roots, { newestMillis: 1, cut: false } as Evidence).filter((one) =>
    one.includes("data event"),
  );
  expect(note).toContain(`${bucket}/a b/, which session ${sid("a")} could reach`);
});
