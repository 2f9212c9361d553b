import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Finding } from "../../../core/sealing/findings.ts";
import { firstHead } from "../../../core/sealing/head.ts";
import { createFindings } from "../../../lambdas/aws/dynamodb/leaves/findings.ts";
import { createGaps } from "../../../lambdas/aws/dynamodb/leaves/gaps.ts";
import { createHeadStore, createReconcilerMemory } from "../../../lambdas/aws/dynamodb/leaves/log-head.ts";
import { createNotebook, createTrail } from "../../../lambdas/aws/dynamodb/leaves/notes.ts";
import { createLeafPlaces } from "../../../lambdas/aws/dynamodb/leaves/places.ts";
import { createWorklist } from "../../../lambdas/aws/dynamodb/leaves/worklist.ts";
import { createOutbox } from "../../../lambdas/aws/dynamodb/outbox.ts";
import { hashOf } from "../../sealing/ground.ts";
import { type Cloud, openCloud } from "../tables.ts";

const now = Date.parse("2026-11-30T18:20:00Z");
const expiresAt = now / 1000 + 14 * 86_400;

let cloud: Cloud;
beforeAll(async () => {
  cloud = await openCloud();
});
afterAll(() => cloud.close());

const at = (millis = now) => ({
  notebook: createNotebook(cloud.client, cloud.tables.leaves, () => millis),
  worklist: createWorklist(cloud.client, cloud.tables),
  trail: createTrail(cloud.client, cloud.tables, () => millis),
  gaps: createGaps(cloud.client, cloud.tables),
  head: createHeadStore(cloud.client, cloud.tables.leaves),
  memory: createReconcilerMemory(cloud.client, cloud.tables.leaves),
});
let made = 0;
/** A record in the Outbox; its id begins like that of a refusal, since those are written alone. */
async function record(timeMillis = now) {
  const eventId = `denied#${String(made++).padStart(22, "x")}`;
  const hash = hashOf(eventId);
  await createOutbox(cloud.client, cloud.tables).put({ eventId, timeMillis, detailType: "t", body: "{}", hash });
  return { eventId, hash, expiresAt };
}
const waitingIds = async () => (await at().worklist.waiting(1_000)).toSorted();

describe("table Leaves", () => {
  test("lists what the relay noted until it has its place, with the Outbox's hash and not the note's", async () => {
    const { notebook, worklist } = at();
    const one = await record();
    await notebook.note({ ...one, hash: hashOf("another") });
    await notebook.note(one);
    expect(await waitingIds()).toEqual([one.eventId]);
    expect(await worklist.unplaced([one.eventId, "nobody"])).toEqual([{ eventId: one.eventId, hash: one.hash }]);
    await worklist.place(one.eventId, 7);
    await worklist.place(one.eventId, 7);
    await expect(worklist.place(one.eventId, 8)).rejects.toThrow();
    await worklist.place("nobody", 9);
    expect(await waitingIds()).toEqual([]);
    expect(await worklist.unplaced([one.eventId])).toEqual([]);
    // a repetition of the relay does not put it on the list again
    await notebook.note(one);
    expect(await waitingIds()).toEqual([]);
  });

  test("threat 23: keeps the mark of what was sent again, where it was not noted before, and on no other record", async () => {
    const { notebook, worklist } = at();
    const [late, known] = [await record(), await record()];
    await notebook.note(known);
    for (const one of [late, known]) await notebook.note({ ...one, isRedriven: true });
    expect(await worklist.unplaced([late.eventId, known.eventId])).toEqual([
      { eventId: late.eventId, hash: late.hash, isRedriven: true },
      { eventId: known.eventId, hash: known.hash },
    ]);
    for (const [n, { eventId }] of [late, known].entries()) await worklist.place(eventId, 300 + n);
  });

  test("says where a record stands, as soon as it stands there", async () => {
    const { notebook, worklist, trail } = at();
    const places = createLeafPlaces(cloud.client, cloud.tables.leaves);
    const one = await record();
    expect(await places.placeOf(one.eventId)).toBeUndefined();
    await notebook.note(one);
    expect(await places.placeOf(one.eventId)).toEqual({ hash: one.hash });
    await worklist.place(one.eventId, 90);
    await trail.seen(one, { key: "audit/one.gz", versionId: "v1" });
    const object = { key: "audit/one.gz", versionId: "v1" };
    expect(await places.placeOf(one.eventId)).toEqual({ hash: one.hash, index: 90, object });
  });

  test("gives those that wait longest first", async () => {
    const some = await Promise.all(Array.from({ length: 12 }, () => record()));
    for (const [n, one] of some.entries()) await at(now + ((n * 7) % 12)).notebook.note(one);
    const order = some.map(({ eventId }, n) => ({ eventId, at: (n * 7) % 12 })).toSorted((a, b) => a.at - b.at);
    expect(await at().worklist.waiting(5)).toEqual(order.slice(0, 5).map(({ eventId }) => eventId));
    for (const [n, { eventId }] of some.entries()) await at().worklist.place(eventId, 100 + n);
  });

  test("notes the first object of a record, and the record itself where the relay died before it did", async () => {
    const { notebook, trail, gaps } = at();
    const [noted, unnoted] = [await record(), await record()];
    await notebook.note(noted);
    expect(await gaps.unseen(now + 1, 100)).toContain(noted.eventId);
    for (const one of [noted, unnoted]) {
      await trail.seen(one, { key: "audit/a", versionId: "v1" });
      await trail.seen(one, { key: "audit/b", versionId: "v2" });
    }
    expect(await gaps.unseen(now + 1, 100)).not.toContain(noted.eventId);
    expect((await waitingIds()).filter((id) => [noted.eventId, unnoted.eventId].includes(id))).toHaveLength(2);
    const known = await trail.known([noted.eventId, unnoted.eventId, "nobody"]);
    expect(known.get(unnoted.eventId)).toEqual({ recorded: unnoted.hash, noted: unnoted.hash });
    expect(known.has("nobody")).toBe(false);
    for (const [n, { eventId }] of [noted, unnoted].entries()) await at().worklist.place(eventId, 200 + n);
  });

  test("threat 23: finds by a walk over the Outbox what the relay never noted, unless it is fresh or expires", async () => {
    const { notebook, gaps } = at();
    const [old, fresh, noted, expired] = [
      await record(now - 1),
      await record(now + 1),
      await record(now - 1),
      await record(now - 15 * 86_400_000),
    ];
    await notebook.note(noted);
    const { eventIds, next } = await gaps.unnoted(undefined, now);
    expect(eventIds).toEqual([old.eventId]);
    expect([next, fresh, expired].filter((one) => one !== undefined)).toHaveLength(2);
    expect(await gaps.unplaced(now + 1, 10)).toContain(noted.eventId);
    expect(await gaps.unplaced(now, 10)).toEqual([]);
  });

  test("moves the head from the revision that was read, and from no other", async () => {
    const { head } = at();
    expect(await head.read()).toBeUndefined();
    const batch = [{ eventId: "a", hash: hashOf("a") }];
    const first = { ...firstHead(now), revision: 1, batch };
    const outcomes = await Promise.all([head.write(first), head.write(first), head.write(first)]);
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect(await head.read()).toEqual(first);
    const { batch: _, ...next } = { ...first, revision: 2, size: 1, root: Buffer.alloc(32, 1), published: 1 };
    expect(await head.write({ ...next, revision: 3 })).toBe(false);
    expect(await head.write(next)).toBe(true);
    expect(await head.read()).toEqual(next);
  });

  test("remembers the reconciler's last run", async () => {
    const { memory } = at();
    expect(await memory.recall()).toBeUndefined();
    await memory.remember({ atMillis: 5, from: { eventId: "e" } });
    expect(await memory.recall()).toEqual({ atMillis: 5, from: { eventId: "e" } });
    await memory.remember({ atMillis: 6 });
    expect(await memory.recall()).toEqual({ atMillis: 6 });
  });
});

describe("findings", () => {
  test("are told once for each subject, and again when telling failed", async () => {
    const sent: Finding[] = [];
    let isDown = true;
    const findings = createFindings(cloud.client, cloud.tables.leaves, {
      nowMillis: () => now,
      send: async (finding) => {
        if (isDown) throw new Error("the queue is away");
        sent.push(finding);
      },
    });
    const tell = (...subjects: string[]) => findings.tell({ kind: "leaf.missing", subjects });
    await expect(tell("a")).rejects.toThrow("away");
    isDown = false;
    await tell("a", "b");
    await tell("b", "a");
    await tell("b", "c");
    await findings.tell({ kind: "object.missing", subjects: ["a"] });
    expect(sent).toEqual([
      { kind: "leaf.missing", subjects: ["a", "b"] },
      { kind: "leaf.missing", subjects: ["c"] },
      { kind: "object.missing", subjects: ["a"] },
    ]);
  });
});
