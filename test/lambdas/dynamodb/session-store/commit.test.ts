import { GetCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { createOutbox } from "../../../../lambdas/aws/dynamodb/outbox.ts";
import { packBody } from "../../../../lambdas/aws/dynamodb/record-body.ts";
import { offerItem, offerOf } from "../../../../lambdas/aws/dynamodb/sessions/offer-rows.ts";
import { sessionItem, sessionOf } from "../../../../lambdas/aws/dynamodb/sessions/session-rows.ts";
import { createSessionStore } from "../../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { id, now, offer, planner, record, replayEntry, researcher, session } from "../../samples.ts";
import { openCloud } from "../../tables.ts";
import { cloud, nothing, raw, setUp, store, time } from "./ground.ts";

setUp();

const outbox = async (eventId: string) =>
  (await cloud.client.send(new GetCommand({ TableName: "Outbox", Key: { eventId }, ConsistentRead: true }))).Item;

describe("rows", () => {
  test("bring a session back exactly, numbers that DynamoDB cannot hold among its details", () => {
    const whole = session({ build: "sha256:abc", purpose: "close the books", delegationRules: ["staff"] });
    expect(sessionOf(sessionItem(whole))).toEqual(whole);
    const held = offer(whole, { redeemed: { sid: id(), jkt: "k" } });
    expect(offerOf(offerItem(held))).toEqual(held);
  });

  test.prop([fc.jsonValue({ maxDepth: 4 })])(
    "bring any constraint back exactly through the database",
    async (value) => {
      const detail = { type: "t", value };
      const kept = session({ grants: [{ resource: "r", scopes: [], details: [detail] }] });
      expect(await store.commit({ session: kept, replayEntries: [], record: record() })).toEqual({
        ok: true,
        value: undefined,
      });
      const read = await store.readLiveness({ ...nothing, session: kept });
      expect(read.session?.grants[0]?.details[0]).toEqual(JSON.parse(JSON.stringify(detail)));
    },
  );

  test("carry a TTL a day after the end, and stay readable", async () => {
    const kept = session({ build: "sha256:abc" });
    await store.commit({ session: kept, replayEntries: [], record: record() });
    const row = await raw(kept.root, kept.sid);
    expect(row?.expiresAt).toBe(kept.expiresAtSeconds + 86_400);
    expect(row?.actors).toEqual([planner]);
  });

  test("are found by agent, principal, build and, below a root, id: rows of the same transaction", async () => {
    const kept = session({ root: id(), build: "sha256:abc", actors: [planner, researcher] });
    await store.commit({ session: kept, replayEntries: [], record: record() });
    const Items = ((await cloud.client.send(new ScanCommand({ TableName: "Subjects" }))).Items ?? []).filter((item) =>
      String(item.session).endsWith(kept.sid),
    );
    const shard = /#([0-9]|1[0-5])$/;
    expect(Items.map(({ subject }) => String(subject).replace(shard, "")).sort()).toEqual([
      `agent:${researcher}`,
      "build:sha256:abc",
      "principal:p_abcdefghijklmnopqrstuvwxyz234567",
      `session:${kept.sid}`,
    ]);
    for (const item of Items) {
      expect(item.session).toBe(`${kept.expiresAtSeconds}#${kept.root}#${kept.sid}`);
      expect(item.expiresAt).toBe(kept.expiresAtSeconds + 86_400);
    }
    expect(cloud.taken().filter(({ operation }) => operation !== "ScanCommand")).toHaveLength(1);
  });

  test("leave no row to be found by when the transaction is refused", async () => {
    const consumed = replayEntry();
    await store.commit({ session: session(), replayEntries: [consumed], record: record() });
    const before = (await cloud.client.send(new ScanCommand({ TableName: "Subjects" }))).Count;
    await store.commit({ session: session(), replayEntries: [consumed], record: record() });
    expect((await cloud.client.send(new ScanCommand({ TableName: "Subjects" }))).Count).toBe(before);
  });
});

describe("commit", () => {
  test("writes session, replay entries and record in one call", async () => {
    const [kept, noted, consumed] = [session(), record(), replayEntry()];
    expect((await store.commit({ session: kept, replayEntries: [consumed], record: noted })).ok).toBe(true);
    expect(cloud.taken().map((call) => call.operation)).toEqual(["TransactWriteItemsCommand"]);
    expect(await outbox(noted.eventId)).toMatchObject({
      body: new Uint8Array(packBody(noted.body)),
      hash: noted.hash,
      expiresAt: now + 1_209_600,
    });
  });

  test("refuses a replay entry consumed before and writes nothing of the rest", async () => {
    const consumed = replayEntry("challenge");
    await store.commit({ replayEntries: [consumed], record: record() });
    const [kept, noted] = [session(), record()];
    const second = await store.commit({ session: kept, replayEntries: [replayEntry(), consumed], record: noted });
    expect(second).toEqual({ ok: false, error: { kind: "replay", entry: "challenge" } });
    expect(await raw(kept.root, kept.sid)).toBeUndefined();
    expect(await outbox(noted.eventId)).toBeUndefined();
  });

  test("refuses a replay entry whose time is over but whose row TTL has not taken yet", async () => {
    const consumed = replayEntry();
    await store.commit({ replayEntries: [consumed], record: record() });
    time.seconds = now + 3600;
    expect(await store.commit({ replayEntries: [consumed], record: record() })).toMatchObject({ ok: false });
  });

  test("names the replay when a replay entry and a session are both taken", async () => {
    const [kept, consumed] = [session(), replayEntry()];
    await store.commit({ session: kept, replayEntries: [consumed], record: record() });
    const again = await store.commit({ session: kept, replayEntries: [consumed], record: record() });
    expect(again).toEqual({ ok: false, error: { kind: "replay", entry: "dpop" } });
    const other = await store.commit({ session: kept, replayEntries: [replayEntry()], record: record() });
    expect(other).toEqual({ ok: false, error: { kind: "session_exists" } });
  });

  test("throws, and writes nothing, when a record of that id is already there", async () => {
    const [noted, kept] = [record(), session()];
    await store.commit({ replayEntries: [], record: noted });
    await expect(store.commit({ session: kept, replayEntries: [], record: noted })).rejects.toThrow(
      "only fail by a bug",
    );
    expect(await raw(kept.root, kept.sid)).toBeUndefined();
  });

  test("repeats a conflicting transaction with the same token and the same bytes", async () => {
    cloud.db.faults.conflict(3);
    expect((await store.commit({ session: session(), replayEntries: [replayEntry()], record: record() })).ok).toBe(
      true,
    );
    const calls = cloud.taken();
    expect(calls).toHaveLength(4);
    expect(new Set(calls.map((call) => JSON.stringify(call.input))).size).toBe(1);
    expect(calls[0]?.input).toMatchObject({ ClientRequestToken: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  });

  test("repeats a throttled transaction", async () => {
    cloud.db.faults.throttle("TransactWriteItems", 2);
    expect((await store.commit({ replayEntries: [replayEntry()], record: record() })).ok).toBe(true);
    expect(cloud.taken()).toHaveLength(3);
  });

  test("writes once when the answer to its write was lost and the SDK asks again", async () => {
    const patient = await openCloud(3);
    try {
      let lost = 1;
      patient.client.middlewareStack.add(
        (next) => async (args) => {
          const answer = await next(args);
          if (lost-- > 0) throw Object.assign(new Error("the line went dead"), { name: "TimeoutError" });
          return answer;
        },
        { step: "deserialize", priority: "high", name: "lossy" },
      );
      const [kept, consumed, noted] = [session(), replayEntry(), record()];
      const fresh = createSessionStore(patient.client, patient.tables, { nowMillis: () => now * 1000 });
      // a second transaction in its place would meet the first one's replay entry and be taken for a replay
      expect(await fresh.commit({ session: kept, replayEntries: [consumed], record: noted })).toEqual({
        ok: true,
        value: undefined,
      });
      expect(lost).toBeLessThan(0);
    } finally {
      await patient.close();
    }
  });

  test("gives up on contention that does not end, as broken infrastructure", async () => {
    cloud.db.faults.conflict(10_000);
    await expect(store.commit({ replayEntries: [], record: record() })).rejects.toThrow();
    cloud.db.faults.conflict(0);
  });

  test("grants once when one replay entry is presented by twenty at the same time", async () => {
    const consumed = replayEntry();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () =>
        store.commit({ session: session(), replayEntries: [consumed], record: record() }),
      ),
    );
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
  });
});

describe("the outbox", () => {
  const box = () => createOutbox(cloud.client, cloud.tables);

  test("takes a denial alone, once", async () => {
    const noted = record(`denied#${id()}`);
    await box().put(noted);
    expect(await outbox(noted.eventId)).toMatchObject({ body: new Uint8Array(packBody(noted.body)) });
    await expect(box().put(noted)).rejects.toThrow();
  });

  test("threat 23: takes no grant's record on this way, and never over another", async () => {
    await expect(box().put(record())).rejects.toThrow("commit it with its grant");
  });
});

describe("threat 34: what a tree grows by", () => {
  const most = { children: 3, bytes: 1_000 };
  const child = { children: 1, bytes: 100 };

  test("is counted to its bound and no further, by many at once; a child's further bytes still find room", async () => {
    const root = id();
    const grown = await Promise.all(Array.from({ length: 10 }, () => store.growTree(root, child, most)));
    expect(grown.filter(Boolean)).toHaveLength(3);
    const larger = { children: 0, bytes: 350 };
    expect([await store.growTree(root, larger, most), await store.growTree(root, larger, most)]).toEqual([true, true]);
    expect(await store.growTree(root, larger, most)).toBe(false);
    expect(await store.growTree(id(), child, most)).toBe(true);
  });

  test("is bounded in bytes, and a refusal counts nothing", async () => {
    const root = id();
    expect(await store.growTree(root, { ...child, bytes: 950 }, most)).toBe(true);
    expect(await store.growTree(root, child, most)).toBe(false);
    expect(await store.growTree(root, { ...child, bytes: 50 }, most)).toBe(true);
  });
});
