import { expect, test } from "vitest";
import { verifyTrail } from "../../../core/tlog/trail/verify-trail.ts";
import { begunAtMillis, bodyOf, entryOfBody, heartbeatOf } from "../../kit/memory/trail.ts";
import { change, setUp } from "./ground.ts";

const minute = 60_000;
const hour = 60 * minute;
/** A day of minutes would be slow: minutes of two records, with the silence of hours between some of them. */
async function severalHours() {
  const trail = await setUp([]);
  const { log, arrivals, objects } = trail;
  for (let n = 0; n < 60; n += 1) {
    const at = begunAtMillis + n * hour;
    const bodies = [0, 1].map((some) => bodyOf(`event-${n}-${some}`, at + some));
    await log.add(...bodies.map(entryOfBody));
    arrivals.set(log.size, at + 20_000);
    objects.push({ name: `audit/${n}.json`, lines: bodies, writtenAtMillis: at + 40_000 });
  }
  return { ...trail, question: { nowMillis: begunAtMillis + 60 * hour } };
}
const during = (from: number, to: number) => ({
  fromMillis: begunAtMillis + from * hour,
  toMillis: begunAtMillis + to * hour,
});

test("a window reads its own entries and lines, and an hour on either side", async () => {
  const { verify, question } = await severalHours();
  const { checked, findings } = await verify({ ...question, ...during(30, 35) });
  expect(findings).toEqual([]);
  expect(checked).toEqual({ entries: 14, records: 14, checkpoints: 7, known: 0 });
});

test("what is wrong within a window is found, and what is wrong outside is not looked at", async () => {
  const trail = await severalHours();
  trail.objects[32]?.lines.splice(0, 1);
  trail.objects[31]?.lines.push(bodyOf("made-up", begunAtMillis));
  trail.objects[10]?.lines.splice(0, 1);
  trail.objects[50]?.lines.push(bodyOf("made-up-too", begunAtMillis));
  const { counts } = await trail.verify({ ...trail.question, ...during(30, 35) });
  expect(counts).toEqual({ "record.dropped": 1, "record.unknown": 1 });
  expect((await trail.verify({ ...trail.question, ...during(20, 25) })).counts).toEqual({});
  expect((await trail.verify(trail.question)).counts).toEqual({ "record.dropped": 2, "record.unknown": 2 });
});

test("a record that was delivered hours later is found there, and one that was sealed hours later too", async () => {
  const trail = await severalHours();
  const [late] = trail.objects[32]?.lines.splice(0, 1) ?? [];
  trail.objects[45]?.lines.push(late as string);
  expect((await trail.verify({ ...trail.question, ...during(30, 35) })).counts).toEqual({});
  const report = await trail.verify({ ...trail.question, ...during(44, 46) });
  expect(report.counts).toEqual({});
  trail.objects[45]?.lines.push((late as string).replace("attest", "revoke"));
  expect((await trail.verify({ ...trail.question, ...during(44, 46) })).counts).toEqual({ "record.changed": 1 });
});

test("a changed tile is found by any window that stands on it", async () => {
  const trail = await severalHours();
  change(trail, "tile/0/000.p/120", (bytes) => bytes.fill(7, 0, 32));
  expect(await trail.codes({ ...trail.question, ...during(30, 31) })).toEqual(["tile.changed"]);
});

test("the last minutes may lack their counterparts, the minutes before may not", async () => {
  const trail = await setUp([2, 2]);
  const nowMillis = begunAtMillis + 2 * minute;
  trail.objects[1]?.lines.push(bodyOf("not yet sealed", nowMillis));
  trail.objects[1]?.lines.splice(0, 1);
  expect(await trail.verify({ nowMillis })).toMatchObject({ findings: [], pending: 2 });
  const later = await trail.verify({ nowMillis: nowMillis + hour });
  expect(later).toMatchObject({ counts: { "record.dropped": 1, "record.unknown": 1 }, pending: 0 });
});

test("a log that was silent for hours is told, since a held-back record would leave no other trace", async () => {
  const trail = await setUp([2]);
  const at = begunAtMillis + 5 * hour;
  await trail.log.add(heartbeatOf(at));
  trail.arrivals.set(trail.log.size, at);
  expect((await trail.verify()).findings).toMatchObject([{ code: "checkpoint.late", where: "checkpoints/3" }]);
  expect(await trail.codes({ fromMillis: at + 1 })).toEqual([]);
});

test("a log that is written to must have spoken lately; a copy of one need not", async () => {
  const trail = await setUp([2]);
  const nowMillis = begunAtMillis + 5 * hour;
  expect(await trail.codes({ nowMillis, isLive: true })).toEqual(["checkpoint.late"]);
  expect(await trail.codes({ nowMillis, isLive: false })).toEqual([]);
});

test("a log without kept checkpoints is verified, but for the times of its records", async () => {
  const trail = await setUp([2, 300]);
  trail.arrivals.clear();
  expect(await trail.verify()).toMatchObject({ findings: [], checked: { entries: 302, checkpoints: 0 } });
  trail.objects[0]?.lines.splice(0, 1);
  expect(await trail.codes()).toEqual(["record.dropped"]);
});

test("a kept checkpoint that is gone between listing and reading, or of another size, is found", async () => {
  const trail = await setUp();
  const ports = { ...trail.ports, keptCheckpoint: async () => undefined };
  const { counts } = await verifyTrail(ports, trail.question);
  expect(counts).toEqual({ "checkpoint.missing": 6 });
  trail.log.files.set("checkpoints/340", trail.log.files.get("checkpoints/341") as Buffer);
  expect(await trail.codes()).toEqual(["checkpoint.invalid"]);
});

test("long work is told as it goes", async () => {
  const trail = await setUp([1_500]);
  const told: string[] = [];
  await verifyTrail(trail.ports, trail.question, (what, done) => told.push(`${what} ${done}`));
  expect(told).toEqual(["checkpoints 1", "entries 1500", "records 1000"]);
});
