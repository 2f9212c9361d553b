import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { leafHash } from "../../../core/tlog/hash.ts";
import { tilePath } from "../../../core/tlog/tile.ts";
import { hashesAt, tileOf } from "../../../core/tlog/tree.ts";
import { bodyOf, entryOfBody } from "../../kit/memory/trail.ts";
import { change, changeEntries, setUp, size } from "./ground.ts";

/** Objects that the checkpoint's tree stands on: partial tiles that a wider one took the place of are not among them. */
const standing = [
  ...[0, 1, 2].flatMap((index) => ["entries" as const, 0].map((level) => tilePath(tileOf(size, level, index)))),
  tilePath(tileOf(size, 1, 0)),
];
const lines = { objects: [40, 300, 1, 250, 60] };

const at = fc.nat();
const tamperings = fc.oneof(
  fc.record({ kind: fc.constant("turn a bit of the log" as const), path: fc.constantFrom(...standing), at, bit: at }),
  fc.record({ kind: fc.constant("cut an object of the log" as const), path: fc.constantFrom(...standing), at }),
  fc.record({ kind: fc.constant("take an object of the log away" as const), path: fc.constantFrom(...standing) }),
  fc.record({
    kind: fc.constant("turn a bit of a checkpoint" as const),
    path: fc.constantFrom("checkpoint", "checkpoints/340"),
    at,
    bit: at,
  }),
  fc.record({ kind: fc.constant("take a line away" as const), at }),
  fc.record({ kind: fc.constant("turn a bit of a line" as const), at, bit: at }),
  fc.record({ kind: fc.constant("put in a line" as const), at }),
  fc.record({ kind: fc.constant("change entry and hash alike" as const), at }),
);

property.prop([tamperings], { numRuns: 60 })("any tampering with a trail is found", async (done) => {
  const trail = await setUp();
  const objects = trail.objects;
  const object = "at" in done ? objects[done.at % objects.length] : undefined;
  const line = "at" in done && object ? done.at % object.lines.length : 0;
  const turned = (bytes: Buffer, place: number, bit: number) => {
    bytes[place % bytes.length] = (bytes[place % bytes.length] ?? 0) ^ (1 << (bit % 8));
    return bytes;
  };
  if (done.kind === "turn a bit of the log" || done.kind === "turn a bit of a checkpoint")
    change(trail, done.path, (bytes) => turned(bytes, done.at, done.bit));
  if (done.kind === "cut an object of the log")
    change(trail, done.path, (bytes) => bytes.subarray(0, done.at % bytes.length));
  if (done.kind === "take an object of the log away") trail.log.files.delete(done.path);
  if (done.kind === "take a line away") object?.lines.splice(line, 1);
  if (done.kind === "turn a bit of a line" && object)
    object.lines[line] = turned(Buffer.from(object.lines[line] as string), done.at, done.bit).toString("latin1");
  if (done.kind === "put in a line") object?.lines.push((object.lines[line] as string).replace("event-", "event-x"));
  if (done.kind === "change entry and hash alike") {
    const forged = entryOfBody(bodyOf("event-0-0", 0));
    const place = done.at % 256;
    changeEntries(trail, "tile/entries/000", (entries) => entries.with(place, forged));
    change(trail, "tile/0/000", (bytes) => {
      leafHash(forged).copy(bytes, place * 32);
      return bytes;
    });
  }
  const { findings } = await trail.verify();
  expect(findings.length).toBeGreaterThan(0);
});

test("the tampered objects are all that a tree of this size stands on", () => {
  expect(standing).toHaveLength(7);
  expect([hashesAt(size, 1), hashesAt(size, 2)]).toEqual([2, 0]);
  expect(lines.objects.reduce((sum, count) => sum + count)).toBe(size - 1);
});

describe("one changed object hides nothing else", () => {
  test.each(["tile/0/000", "tile/0/001", tilePath(tileOf(size, 0, 2)), tilePath(tileOf(size, 1, 0))])(
    "%s is named, and the rest is verified by what lies below it",
    async (path) => {
      const trail = await setUp();
      change(trail, path, (bytes) => bytes.fill(7, 0, 32));
      trail.objects[1]?.lines.splice(0, 1);
      expect((await trail.verify()).findings).toMatchObject([
        { code: "tile.changed", where: path },
        { code: "record.dropped", eventId: "event-1-0" },
      ]);
    },
  );

  test.each(["tile/0/001", tilePath(tileOf(size, 0, 2)), tilePath(tileOf(size, 1, 0))])(
    "%s is missed, and made again from what lies below it",
    async (path) => {
      const trail = await setUp();
      trail.log.files.delete(path);
      expect((await trail.verify()).findings).toMatchObject([{ code: "tile.missing", where: path }]);
    },
  );

  test("a tile of the edge and an entry of another are both named", async () => {
    const trail = await setUp();
    change(trail, tilePath(tileOf(size, 1, 0)), (bytes) => bytes.fill(7, 0, 32));
    changeEntries(trail, tilePath(tileOf(size, "entries", 2)), ([, ...rest]) => [Buffer.from("x"), ...rest]);
    expect((await trail.verify()).counts).toEqual({ "tile.changed": 1, "entry.changed": 1, "record.unknown": 1 });
  });

  test("an edge that nothing explains is named as a whole, and no checkpoint is judged by it", async () => {
    const trail = await setUp();
    const path = tilePath(tileOf(size, "entries", 2));
    change(trail, tilePath(tileOf(size, 0, 2)), (bytes) => bytes.fill(7, 0, 32));
    changeEntries(trail, path, ([, ...rest]) => [Buffer.from("x"), ...rest]);
    const { counts, findings } = await trail.verify();
    expect(counts).toMatchObject({ "tile.changed": 1, "entry.changed": 1 });
    expect(findings).toContainEqual(expect.objectContaining({ where: tilePath(tileOf(size, 0, 2)) }));
    expect(counts["log.forked"]).toBeUndefined();
  });
});
