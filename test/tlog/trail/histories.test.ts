import { describe, expect, test } from "vitest";
import { tilePath } from "../../../core/tlog/tile.ts";
import { tileOf } from "../../../core/tlog/tree.ts";
import { memoryLog, signerOf } from "../../kit/memory/log.ts";
import { bodyOf, entryOfBody } from "../../kit/memory/trail.ts";
import { batches, change, changeEntries, setUp, signedHead, size } from "./ground.ts";

const lastBundle = tilePath(tileOf(size, "entries", 2));

test("an honest trail has no findings, and all of it was read", async () => {
  const { verify } = await setUp();
  expect(await verify()).toMatchObject({
    head: { size },
    checked: { entries: size, records: size - 1, checkpoints: batches.length, known: 0 },
    ...{ findings: [], counts: {}, repeated: 0, pending: 0, redriven: [] },
  });
});

test("threat 23: a dropped record is found by its entry", async () => {
  const { objects, verify } = await setUp();
  objects[1]?.lines.splice(17, 1);
  expect((await verify()).findings).toEqual([
    { code: "record.dropped", what: expect.any(String), eventId: "event-1-17", index: 57 },
  ]);
});

test("threat 23: a dropped object is found, record by record", async () => {
  const { objects, verify } = await setUp();
  objects.splice(0, 1);
  expect((await verify()).counts).toEqual({ "record.dropped": 40 });
});

test("threat 23: a changed record is found by the hash that was sealed", async () => {
  const { objects, verify } = await setUp();
  const lines = objects[1]?.lines as string[];
  lines[3] = (lines[3] as string).replace("attest", "revoke");
  expect((await verify()).findings).toEqual([
    { code: "record.changed", what: expect.any(String), eventId: "event-1-3", index: 43, where: "audit/1.json:4" },
  ]);
});

test("threat 23: an inserted record is found, and a line that is no record too", async () => {
  const { objects, verify } = await setUp();
  objects[1]?.lines.push(bodyOf("made-up", objects[1].writtenAtMillis), "{}", "not JSON");
  expect((await verify()).findings).toMatchObject([
    { code: "record.unknown", where: "audit/1.json:302" },
    { code: "record.unknown", where: "audit/1.json:303" },
    { code: "record.unknown", where: "audit/1.json:301", eventId: "made-up" },
  ]);
});

describe("threat 23: a reordered history is found", () => {
  test("where entries changed places in their bundle", async () => {
    const trail = await setUp();
    changeEntries(trail, "tile/entries/001", ([one, two, ...rest]) => [two, one, ...rest] as Buffer[]);
    expect((await trail.verify()).findings).toMatchObject([
      { code: "entry.reordered", where: "tile/entries/001", index: 256 },
      { code: "entry.reordered", where: "tile/entries/001", index: 257 },
    ]);
  });

  test("where hashes changed places with them", async () => {
    const trail = await setUp();
    const turn = (bytes: Buffer) => Buffer.concat([bytes.subarray(32, 64), bytes.subarray(0, 32), bytes.subarray(64)]);
    changeEntries(trail, "tile/entries/001", ([one, two, ...rest]) => [two, one, ...rest] as Buffer[]);
    change(trail, "tile/0/001", turn);
    expect(await trail.codes()).toEqual(["tile.changed"]);
  });

  test("where all of it was written anew and signed by the log's own key: by a checkpoint kept before", async () => {
    const [honest, other] = [await setUp(), await setUp([300, 40, 1, 0, 250, 60])];
    const known = [{ from: "kept", note: honest.log.files.get("checkpoint")?.toString() ?? "" }];
    expect(await other.codes()).toEqual([]);
    expect(await other.codes({ known })).toEqual(["log.forked"]);
  });
});

test("threat 23: lines that changed places within the audit's objects are no fault: the log has their order", async () => {
  const { objects, codes } = await setUp();
  objects[1]?.lines.reverse();
  expect(await codes()).toEqual([]);
});

describe("threat 23: a duplicated history is found", () => {
  test("where the log has a record twice", async () => {
    const trail = await setUp();
    const body = trail.objects[1]?.lines[0] as string;
    await trail.log.add(entryOfBody(body));
    expect((await trail.verify()).findings).toMatchObject([
      { code: "entry.duplicated", eventId: "event-1-0", index: size },
    ]);
  });

  test("where a copy has another id, since the log has no such record", async () => {
    const { objects, verify } = await setUp();
    objects[1]?.lines.push((objects[1].lines[0] as string).replace("event-1-0", "event-1-0b"));
    expect((await verify()).findings).toMatchObject([{ code: "record.unknown", eventId: "event-1-0b" }]);
  });

  test("and a line that delivery repeated, byte for byte, is counted and no fault", async () => {
    const { objects, verify } = await setUp();
    objects[4]?.lines.push(...(objects[1]?.lines.slice(0, 3) ?? []));
    expect(await verify()).toMatchObject({ findings: [], repeated: 3 });
  });
});

describe("threat 23: a misdated history is found", () => {
  const sealedLate = async (timeMillis: (at: number) => number, object = "audit/late.json") => {
    const trail = await setUp();
    const at = trail.objects.at(-1)?.writtenAtMillis as number;
    const body = bodyOf("late", timeMillis(at));
    await trail.log.add(entryOfBody(body));
    trail.arrivals.set(trail.log.size, at + 60_000);
    trail.objects.push({ name: object, lines: [body], writtenAtMillis: at + 70_000 });
    return trail.verify();
  };

  test("where a record says an earlier time than the checkpoint before its own allows", async () => {
    const { findings } = await sealedLate((at) => at - 3_600_000);
    expect(findings).toMatchObject([{ code: "record.backdated", eventId: "late", index: size }]);
  });

  test("where a record says a later time than its own checkpoint", async () => {
    const { findings } = await sealedLate((at) => at + 3_600_000);
    expect(findings).toMatchObject([{ code: "record.postdated", eventId: "late" }]);
  });

  test("and a record that took its time within the bound is none", async () => {
    expect(await sealedLate((at) => at - 600_000)).toMatchObject({ findings: [] });
  });

  /** A record that says an earlier time, behind an entry that says of a record that it was sent again. */
  const sealedBehind = async (mark: (late: string, at: number) => readonly Buffer[]) => {
    const trail = await setUp();
    const at = trail.objects.at(-1)?.writtenAtMillis as number;
    const body = bodyOf("late", at - 3_600_000);
    await trail.log.add(...mark(body, at));
    trail.arrivals.set(trail.log.size, at + 60_000);
    trail.objects.push({ name: "audit/late.json", lines: [body], writtenAtMillis: at + 70_000 });
    return trail.verify();
  };
  const markOf = (body: string, eventId = "late"): Buffer =>
    Buffer.from(
      entryOfBody(body)
        .toString()
        .replace(/^[^\n]*/, `redriven#${eventId}`),
    );

  test("and one that an operator sent again is told as such", async () => {
    const report = await sealedBehind((body) => [markOf(body), entryOfBody(body)]);
    expect(report).toMatchObject({ findings: [], redriven: ["late"] });
  });

  test.each<[string, (late: string, at: number) => readonly Buffer[]]>([
    ["behind it", (body) => [entryOfBody(body), markOf(body)]],
    ["not right before it", (body, at) => [markOf(body), entryOfBody(bodyOf("other", at)), entryOfBody(body)]],
    ["of another record", (body) => [markOf(body, "event-1-3"), entryOfBody(body)]],
    ["of another hash", (body, at) => [markOf(bodyOf("late", at)), entryOfBody(body)]],
  ])("though the log has a mark %s", async (_, mark) => {
    const { counts, redriven } = await sealedBehind(mark);
    expect([counts["record.backdated"], redriven]).toEqual([1, []]);
  });

  test("though its line lies where somebody put what he says was sent again", async () => {
    const { findings, redriven } = await sealedLate((at) => at - 3_600_000, "audit/redriven/late.json");
    expect([findings, redriven]).toMatchObject([[{ code: "record.backdated" }], []]);
  });

  test("where a checkpoint was put in later, to move the window of the records around it", async () => {
    const trail = await setUp();
    trail.arrivals.set(340, trail.question.nowMillis - 1_000);
    expect((await trail.verify()).findings).toMatchObject([{ code: "checkpoint.late", where: "checkpoints/340" }]);
  });
});

describe("threat 23: a forked history is found", () => {
  test("between the checkpoint and one that was kept beside it", async () => {
    const trail = await setUp();
    const note = await signedHead(trail, 341, Buffer.alloc(32, 7));
    trail.log.files.set("checkpoints/341", Buffer.from(note));
    expect((await trail.verify()).findings).toMatchObject([
      { code: "log.forked", where: "checkpoints/341", index: 341 },
    ]);
  });

  test.each([1, 300, 341, size])("by a checkpoint of %i entries that was kept elsewhere", async (some) => {
    const trail = await setUp();
    const note = await signedHead(trail, some, Buffer.alloc(32, 7));
    expect(await trail.codes({ known: [{ from: "witness", note }] })).toEqual(["log.forked"]);
  });

  test("and an older checkpoint of the same history is none, nor is the empty one", async () => {
    const trail = await setUp();
    const known = ["checkpoints/40", "checkpoints/340", "checkpoint"].map((from) => ({
      from,
      note: trail.log.files.get(from)?.toString() ?? "",
    }));
    const empty = { from: "first", note: await signedHead(trail, 0, memoryLog().root) };
    expect(await trail.verify({ known: [...known, empty] })).toMatchObject({ findings: [], checked: { known: 4 } });
  });
});

describe("threat 23: a history that was rolled back is found", () => {
  test("by the larger checkpoint that was kept beside it", async () => {
    const trail = await setUp();
    const older = trail.log.files.get("checkpoints/340") as Buffer;
    trail.log.files.set("checkpoint", older);
    expect((await trail.verify()).findings).toMatchObject([{ code: "log.rolledback", where: "checkpoint" }]);
  });

  test("by a checkpoint kept elsewhere, when everything here is of the day before", async () => {
    const [now, before] = [await setUp(), await setUp(batches.slice(0, 3))];
    const known = [{ from: "witness", note: now.log.files.get("checkpoint")?.toString() ?? "" }];
    expect(await before.codes()).toEqual([]);
    expect((await before.verify({ known })).findings).toMatchObject([{ code: "log.rolledback", where: "witness" }]);
  });

  test("and a checkpoint that is just being published is none", async () => {
    const trail = await setUp();
    trail.log.files.set("checkpoint", trail.log.files.get("checkpoints/592") as Buffer);
    const lately = (trail.arrivals.get(size) as number) + 1_000;
    expect(await trail.codes({ nowMillis: lately })).toEqual([]);
  });
});

test("another key's checkpoint proves nothing, and nothing is read by it", async () => {
  const { verify, log } = await setUp();
  const keys = [signerOf(log.origin, "another key")];
  expect(await verify({ log: { origin: log.origin, keys } })).toMatchObject({
    counts: { "checkpoint.invalid": 2 },
    checked: { entries: 0, records: 0 },
  });
});

test("an entry that is neither of a record nor of an hour is found, whatever its name", async () => {
  const trail = await setUp();
  await trail.log.add(Buffer.from("nothing"), Buffer.from(`heartbeat#2026-11-30T12Z\n${"A".repeat(43)}`));
  expect((await trail.verify()).findings).toMatchObject([
    { code: "entry.malformed", index: size },
    { code: "entry.malformed", index: size + 1 },
  ]);
});

test("a changed entry is found, and the record that it stood for is still proven", async () => {
  const trail = await setUp();
  changeEntries(trail, lastBundle, ([one, ...rest]) => [Buffer.concat([one as Buffer, Buffer.from("x")]), ...rest]);
  expect((await trail.verify()).findings).toMatchObject([
    { code: "entry.changed", where: lastBundle, index: 512 },
    { code: "record.unknown" },
  ]);
});
