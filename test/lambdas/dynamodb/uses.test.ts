import { GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import type { AccessHandle } from "../../../core/model/session.ts";
import type { SessionStore } from "../../../core/session/store.ts";
import { newCounter } from "../../../core/token/bounds.ts";
import { createSessionStore } from "../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { id, now, record, replayEntry, session } from "../samples.ts";
import { type Cloud, openCloud } from "../tables.ts";

let cloud: Cloud;
let store: SessionStore;
beforeAll(async () => {
  cloud = await openCloud();
  store = createSessionStore(cloud.client, cloud.tables, { nowMillis: () => now * 1000 });
});
afterAll(() => cloud.close());

const handle = (more: Partial<AccessHandle> = {}): AccessHandle => ({
  root: id(),
  handleHash: id() + id().slice(0, 21),
  claims: { sub: "p_a", exp: now + 300, authorization_details: [{ type: "t", limit: 1e300, "": [null] }] },
  expiresAtSeconds: now + 300,
  ...more,
});
const counted = async (...lefts: readonly number[]) => {
  const counters = lefts.map((left) => newCounter(id(), left, now));
  expect((await store.commit({ counters, replayEntries: [], record: record() })).ok).toBe(true);
  return counters.map(({ name }) => name);
};
const use = (counters: readonly string[], replayEntries = [replayEntry()], kept = record()) =>
  store.use({ counters, replayEntries, record: kept });
const rowOf = async (name: string) =>
  (
    await cloud.client.send(
      new GetCommand({ TableName: "Counters", Key: { key: `uses#${name}` }, ConsistentRead: true }),
    )
  ).Item;
const recorded = async (eventId: string) =>
  (await cloud.client.send(new GetCommand({ TableName: "Outbox", Key: { eventId }, ConsistentRead: true }))).Item;

describe("handles", () => {
  test("come back exactly, constraints and all, by root and hash alone", async () => {
    const kept = handle({ uses: { max: 2, countedAt: [id(), id()] } });
    await store.commit({ handle: kept, replayEntries: [], record: record() });
    expect(await store.readHandle(kept.root, kept.handleHash)).toEqual(kept);
    expect(await store.readHandle(id(), kept.handleHash)).toBeUndefined();
    expect(await store.readHandle(kept.root, id())).toBeUndefined();
  });

  test("are no session and no offer, whatever they stand beside", async () => {
    const kept = handle();
    await store.commit({ handle: kept, replayEntries: [], record: record() });
    expect(await store.readSession(kept.root, `~access#${kept.handleHash}`)).toBeUndefined();
    expect(await store.readOffer(kept.root, kept.handleHash)).toBeUndefined();
  });

  test("are stored with session, counter, replay entry and record, or not at all", async () => {
    const [root, kept, used] = [session(), handle(), replayEntry()];
    await store.commit({ replayEntries: [used], record: record() });
    const counters = [newCounter(root.sid, 1, now)];
    const late = await store.commit({ session: root, handle: kept, counters, replayEntries: [used], record: record() });
    expect(late).toEqual({ ok: false, error: { kind: "replay", entry: "dpop" } });
    expect(await store.readHandle(kept.root, kept.handleHash)).toBeUndefined();
    expect(await rowOf(root.sid)).toBeUndefined();
  });
});

describe("one use", () => {
  test("takes a unit of every counter, the proof and the record in one call", async () => {
    const names = await counted(3, 1);
    const [proof, kept] = [replayEntry(), record()];
    cloud.taken();
    expect((await use(names, [proof], kept)).ok).toBe(true);
    expect(cloud.taken().map(({ operation }) => operation)).toEqual(["TransactWriteItemsCommand"]);
    expect([(await rowOf(names[0] ?? ""))?.left, (await rowOf(names[1] ?? ""))?.left]).toEqual([2, 0]);
    expect(await recorded(kept.eventId)).toMatchObject({ hash: kept.hash });
  });

  test("takes nothing of any counter, and writes no record, when one of them is empty", async () => {
    const names = await counted(3, 1);
    await use(names);
    const kept = record();
    expect(await use(names, [replayEntry()], kept)).toEqual({ ok: false, error: { kind: "uses_spent" } });
    expect((await rowOf(names[0] ?? ""))?.left).toBe(2);
    expect(await recorded(kept.eventId)).toBeUndefined();
  });

  test("is refused where the counter is gone or was never there, and none is made", async () => {
    const name = id();
    expect(await use([name])).toEqual({ ok: false, error: { kind: "uses_spent" } });
    expect(await rowOf(name)).toBeUndefined();
  });

  test("is refused to a proof that was used, before anything else is told", async () => {
    const names = await counted(1);
    const proof = replayEntry();
    await use(names, [proof]);
    expect(await use(names, [proof])).toEqual({ ok: false, error: { kind: "replay", entry: "dpop" } });
  });

  test("goes to exactly as many as there are, of forty that ask at one instant through several instances", async () => {
    const names = await counted(7, 20);
    const instances = [0, 1, 2].map(() =>
      createSessionStore(cloud.client, cloud.tables, { nowMillis: () => now * 1000 }),
    );
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        (instances[i % 3] as SessionStore).use({ counters: names, replayEntries: [replayEntry()], record: record() }),
      ),
    );
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(7);
    expect([(await rowOf(names[0] ?? ""))?.left, (await rowOf(names[1] ?? ""))?.left]).toEqual([0, 13]);
  });

  test("fits one transaction with as many counters as there may be", async () => {
    const names = await counted(...Array.from({ length: limits.useCounters }, () => 1));
    expect((await use(names)).ok).toBe(true);
    expect((await use(names)).ok).toBe(false);
  });
});

test("a counter is never begun again over one that counts: that would be a refill", async () => {
  const [name = ""] = await counted(1);
  const again = store.commit({ counters: [newCounter(name, 9, now)], replayEntries: [], record: record() });
  await expect(again).rejects.toThrow(/bug/);
  expect((await rowOf(name))?.left).toBe(1);
});

test("a counter outlives the longest life of what it counts for, so that TTL cannot take it before", async () => {
  const [name = ""] = await counted(1);
  expect((await rowOf(name))?.expiresAt).toBeGreaterThan(now + limits.sessionLifeMaxSeconds);
});

describe("a renewal", () => {
  const renewal = (of: ReturnType<typeof session>, more = {}) => ({
    ...of,
    expiresAtSeconds: now + 3600,
    status: { list: "2026080101-0", idx: 9 },
    formerStatus: [{ ...of.status, untilSeconds: of.expiresAtSeconds }],
    wasSeconds: of.expiresAtSeconds,
    ...more,
  });
  const renew = (of: ReturnType<typeof session>, more = {}) =>
    store.commit({ renew: renewal(of, more), replayEntries: [replayEntry()], record: record() });
  const stored = async (more: Parameters<typeof session>[0] = {}) => {
    const kept = session(more);
    await store.commit({ session: kept, replayEntries: [], record: record() });
    return kept;
  };

  test("moves the end, where the bits stand and when the row may go, and nothing else", async () => {
    const kept = await stored({ uses: { max: 1, countedAt: [id()] } });
    expect((await renew(kept)).ok).toBe(true);
    const { wasSeconds: _w, ...wanted } = renewal(kept);
    expect(await store.readSession(kept.root, kept.sid)).toEqual(wanted);
    const key = { root: kept.root, sid: kept.sid };
    const { Item } = await cloud.client.send(new GetCommand({ TableName: "Sessions", Key: key, ConsistentRead: true }));
    expect(Item?.expiresAt).toBe(now + 3600 + 86_400);
  });

  test("is one of ten at one instant that read the same end", async () => {
    const kept = await stored();
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, i) => renew(kept, { expiresAtSeconds: now + 1000 + i })),
    );
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    for (const outcome of outcomes) if (!outcome.ok) expect(outcome.error).toEqual({ kind: "renewed_meanwhile" });
  });

  test("is refused to a session that ended, that the clock ended, or that is not there", async () => {
    const ended = await stored();
    await store.end(ended.root, ended.sid);
    const over = await stored({ expiresAtSeconds: now });
    for (const dead of [ended, over, session()])
      expect(await renew(dead)).toEqual({ ok: false, error: { kind: "renewed_meanwhile" } });
    expect((await store.readSession(ended.root, ended.sid))?.expiresAtSeconds).toBe(ended.expiresAtSeconds);
  });

  test("does not bring back a row whose attributes somebody else moved on", async () => {
    const kept = await stored();
    const key = { root: kept.root, sid: kept.sid };
    await cloud.client.send(
      new UpdateCommand({
        TableName: "Sessions",
        Key: key,
        UpdateExpression: "SET expiresAtSeconds = :later",
        ExpressionAttributeValues: { ":later": now + 901 },
      }),
    );
    expect((await renew(kept)).ok).toBe(false);
  });
});
