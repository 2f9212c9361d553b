import { GetCommand, PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { limits } from "../../../../core/model/limits.ts";
import { createRevocationStore } from "../../../../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { createSessionStore } from "../../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { id, now, offer, planner, record, replayEntry, session } from "../../samples.ts";
import { openCloud } from "../../tables.ts";
import { cloud, nothing, raw, setUp, store, time } from "./ground.ts";

setUp();

describe("offers", () => {
  const kept = async (more = {}) => {
    const held = offer(session(), more);
    await store.commit({ offer: held, replayEntries: [], record: record() });
    return held;
  };
  const redeem = (held: { root: string; handleHash: string }) =>
    store.commit({
      redeem: { root: held.root, handleHash: held.handleHash, sid: id(), jkt: "k" },
      session: session(),
      replayEntries: [replayEntry()],
      record: record(),
    });

  test("are read back with what was offered", async () => {
    const held = await kept();
    expect(await store.readOffer(held.root, held.handleHash)).toEqual(held);
    expect(await store.readOffer(held.root, id())).toBeUndefined();
  });

  test("go to exactly one of ten who redeem at the same time", async () => {
    const held = await kept();
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => redeem(held)));
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
    for (const outcome of outcomes) if (!outcome.ok) expect(outcome.error).toEqual({ kind: "offer_taken" });
    expect((await store.readOffer(held.root, held.handleHash))?.redeemed?.jkt).toBe("k");
  });

  test("are not redeemed once expired, though their row is still there", async () => {
    const held = await kept();
    time.seconds = held.expiresAtSeconds;
    expect(await redeem(held)).toEqual({ ok: false, error: { kind: "offer_taken" } });
  });

  test("are not redeemed when none was made: redemption never makes a row", async () => {
    const missing = { root: id(), handleHash: id() };
    expect(await redeem(missing)).toEqual({ ok: false, error: { kind: "offer_taken" } });
    expect(await raw(missing.root, `~offer#${missing.handleHash}`)).toBeUndefined();
  });

  test("are not redeemed once withdrawn, nor withdrawn once redeemed", async () => {
    const revocations = createRevocationStore(cloud.client, cloud.tables);
    const taken = await kept();
    await revocations.revoke({ withdraw: taken, replayEntries: [], record: record() });
    expect(await redeem(taken)).toEqual({ ok: false, error: { kind: "offer_taken" } });
    const given = await kept();
    expect((await redeem(given)).ok).toBe(true);
    const late = await revocations.revoke({ withdraw: given, replayEntries: [], record: record() });
    expect(late).toEqual({ ok: false, error: { kind: "offer_taken" } });
  });

  test("threat 12: a withdrawal changes no row of Sessions, and is seen by who reads the offer", async () => {
    const held = await kept();
    const before = await raw(held.root, `~offer#${held.handleHash}`);
    cloud.taken();
    await createRevocationStore(cloud.client, cloud.tables).revoke({
      withdraw: held,
      replayEntries: [],
      record: record(),
    });
    const [{ input } = { input: {} }] = cloud.taken();
    const writes = (input as { TransactItems: Record<string, { TableName: string }>[] }).TransactItems.flatMap((item) =>
      Object.entries(item).flatMap(([kind, { TableName }]) => (kind === "ConditionCheck" ? [] : [TableName])),
    );
    expect(writes.sort()).toEqual(["Outbox", "Tombstones"]);
    expect(await raw(held.root, `~offer#${held.handleHash}`)).toEqual(before);
    expect(await store.readOffer(held.root, held.handleHash)).toEqual({ ...held, withdrawn: true });
  });

  test("are withdrawn or redeemed, never both, when both happen at one instant", async () => {
    const revocations = createRevocationStore(cloud.client, cloud.tables);
    for (let round = 0; round < 10; round++) {
      const held = await kept();
      const both = await Promise.all([
        redeem(held),
        revocations.revoke({ withdraw: held, replayEntries: [], record: record() }),
      ]);
      expect(both.filter((outcome) => outcome.ok)).toHaveLength(1);
    }
  });

  test("are not told open when a key stays unread", async () => {
    const held = await kept();
    cloud.db.faults.unprocessed(1_000_000);
    await expect(store.readOffer(held.root, held.handleHash)).rejects.toThrow("unread");
    cloud.db.faults.unprocessed(0);
  });

  test("come with liveness in the one batch, as they are read alone, and are no session", async () => {
    const held = await kept();
    await store.commit({ session: held.from, replayEntries: [], record: record() });
    const subjects = [`agent:${planner}`];
    const read = async () => store.readLiveness({ session: held.from, tombstones: [], subjects, offer: held });
    cloud.taken();
    const rows = await read();
    expect(cloud.taken().map((call) => call.operation)).toEqual(["BatchGetItemCommand"]);
    expect(rows.offer).toEqual(await store.readOffer(held.root, held.handleHash));
    expect([rows.session, rows.tombstones.size]).toEqual([held.from, 0]);
    // the giving session gone, its offer is not taken for it
    const gone = await store.readLiveness({
      session: { root: held.root, sid: id() },
      tombstones: [],
      subjects,
      offer: held,
    });
    expect([gone.session, gone.offer]).toEqual([undefined, held]);
    const none = await store.readLiveness({ ...nothing, offer: { root: held.root, handleHash: id() } });
    expect([none.complete, none.offer]).toEqual([true, undefined]);
    await createRevocationStore(cloud.client, cloud.tables).revoke({
      withdraw: held,
      replayEntries: [],
      record: record(),
    });
    const after = await read();
    expect([after.offer, after.tombstones.size]).toEqual([{ ...held, withdrawn: true }, 0]);
    await store.commit({ offer: offer(held.from), replayEntries: [], record: record() });
    expect((await read()).offer?.handleHash).toBe(held.handleHash);
  });

  test("are found by no subject: a walk over an agent's sessions never meets one", async () => {
    const before = (await cloud.client.send(new ScanCommand({ TableName: "Subjects" }))).Count;
    await kept();
    expect((await cloud.client.send(new ScanCommand({ TableName: "Subjects" }))).Count).toBe(before);
  });
});

describe("the secret of a day", () => {
  const anotherStore = () => createSessionStore(cloud.client, cloud.tables, { nowMillis: () => time.seconds * 1000 });

  test("is one for all instances, whoever asks first, and another each day", async () => {
    const asked = await Promise.all(Array.from({ length: 10 }, () => anotherStore().locatorSecret(9_001)));
    expect(new Set(asked).size).toBe(1);
    expect(asked[0]).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await anotherStore().locatorSecret(9_002)).not.toBe(asked[0]);
  });

  test("is asked for once an instance, in one update, and is gone two days on", async () => {
    const instance = anotherStore();
    cloud.taken();
    await Promise.all([instance.locatorSecret(9_003), instance.locatorSecret(9_003)]);
    await instance.locatorSecret(9_003);
    expect(cloud.taken().map((call) => call.operation)).toEqual(["UpdateItemCommand"]);
    const { Item } = await cloud.client.send(new GetCommand({ TableName: "Counters", Key: { key: "locator#9003" } }));
    expect(Item?.expiresAt).toBe(9_005 * 86_400);
  });

  test("is asked for again after a failure", async () => {
    const failing = anotherStore();
    const send = cloud.client.send;
    cloud.client.send = async () => {
      throw new Error("not now");
    };
    await expect(failing.locatorSecret(9_004)).rejects.toThrow("not now");
    cloud.client.send = send;
    expect(await failing.locatorSecret(9_004)).toBe(await anotherStore().locatorSecret(9_004));
  });

  test("is none where its row says no text", async () => {
    await cloud.client.send(new PutCommand({ TableName: "Counters", Item: { key: "locator#9005", secret: 7 } }));
    await expect(anotherStore().locatorSecret(9_005)).rejects.toThrow(/^a row of counters/);
  });
});

describe("liveness", () => {
  test("is one batch, strongly consistent in every table, keys named once", async () => {
    const kept = session({ principal: { id: planner, kind: "agent" } });
    await store.commit({ session: kept, replayEntries: [], record: record() });
    cloud.taken();
    const rows = await store.readLiveness({
      session: kept,
      tombstones: [kept.sid, kept.sid],
      subjects: [`agent:${planner}`, `agent:${planner}`, `principal:${planner}`],
    });
    const calls = cloud.taken();
    expect(calls.map((call) => call.operation)).toEqual(["BatchGetItemCommand"]);
    const { RequestItems } = (calls[0] ?? { input: {} }).input as {
      RequestItems: Record<string, { ConsistentRead: boolean; Keys: [] }>;
    };
    expect(Object.keys(RequestItems).sort()).toEqual(["Revocations", "Sessions", "Tombstones"]);
    for (const part of Object.values(RequestItems)) {
      expect(part.ConsistentRead).toBe(true);
      expect(new Set(part.Keys.map((key) => JSON.stringify(key))).size).toBe(part.Keys.length);
    }
    expect(rows).toMatchObject({ complete: true, session: kept, deployment: { registryVersion: 3, epoch: 0 } });
  });

  test("finds in the same batch that a proof was used before, and reads no replay entry unless it is asked", async () => {
    const [used, unused] = [replayEntry(), replayEntry()];
    await store.commit({ session: session(), replayEntries: [used], record: record() });
    cloud.taken();
    expect((await store.readLiveness({ ...nothing, replay: used.key })).isReplay).toBe(true);
    expect(cloud.taken().map((call) => call.operation)).toEqual(["BatchGetItemCommand"]);
    expect((await store.readLiveness({ ...nothing, replay: unused.key })).isReplay).toBeUndefined();
    expect((await store.readLiveness(nothing)).isReplay).toBeUndefined();
  });

  test("asks again for unprocessed keys and then is complete", async () => {
    cloud.db.faults.unprocessed(3);
    expect((await store.readLiveness(nothing)).complete).toBe(true);
    expect(cloud.taken()).toHaveLength(4);
  });

  test("is incomplete, so everything is dead, when keys stay unprocessed", async () => {
    cloud.db.faults.unprocessed(1_000_000);
    const rows = await store.readLiveness(nothing);
    cloud.db.faults.unprocessed(0);
    expect(rows).toMatchObject({ complete: false });
    expect(rows.deployment).toBeUndefined();
  });

  test("reads a chain of the greatest depth, more keys than one batch takes", async () => {
    const tombstones = Array.from({ length: 65 }, id);
    const subjects = Array.from({ length: 66 }, (_, i) => `agent:spiffe://acme.example/agent/a${i}`);
    await createRevocationStore(cloud.client, cloud.tables).revoke({
      tombstone: { root: "r", sid: tombstones[64] ?? "", expiresAtSeconds: now },
      raise: { subject: subjects[65] ?? "", block: true, atSeconds: now },
      replayEntries: [],
      record: record(),
    });
    const rows = await store.readLiveness({ tombstones, subjects });
    expect([...rows.tombstones]).toEqual([tombstones[64]]);
    expect([...rows.epochs]).toEqual([[subjects[65], { epoch: 1, blocked: true, cutAtSeconds: now }]]);
  });

  test("spreads over all copies of the deployment's row", async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 200 && seen.size < limits.deploymentCopies; i++) {
      await store.readLiveness(nothing);
      seen.add(JSON.stringify(cloud.taken()[0]?.input));
    }
    expect(seen.size).toBe(limits.deploymentCopies);
  });

  test("knows no deployment when only a revocation, never a registry, was written", async () => {
    const bare = await openCloud();
    try {
      const fresh = createSessionStore(bare.client, bare.tables, { nowMillis: () => now * 1000 });
      expect((await fresh.readLiveness(nothing)).deployment).toBeUndefined();
      const raise = { subject: "deployment", block: true, atSeconds: now };
      await createRevocationStore(bare.client, bare.tables).revoke({ raise, replayEntries: [], record: record() });
      expect((await fresh.readLiveness(nothing)).deployment).toBeUndefined();
    } finally {
      await bare.close();
    }
  });

  test("shows a session that was ended, and ending one that is not there makes no row", async () => {
    const kept = session();
    await store.commit({ session: kept, replayEntries: [], record: record() });
    await store.end(kept.root, kept.sid);
    expect((await store.readLiveness({ ...nothing, session: kept })).session?.ended).toBe(true);
    const missing = id();
    await expect(store.end(missing, missing)).rejects.toThrow();
    expect(await raw(missing, missing)).toBeUndefined();
  });
});
