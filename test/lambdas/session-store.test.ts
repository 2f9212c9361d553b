import { GetCommand, PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { fc, test } from "@fast-check/vitest";
import { afterAll, beforeAll, beforeEach, describe, expect } from "vitest";
import { limits } from "../../core/model/limits.ts";
import { type Login, loginOf } from "../../core/model/login.ts";
import type { Session } from "../../core/model/session.ts";
import type { SessionStore } from "../../core/session/store.ts";
import { createListRows } from "../../lambdas/aws/dynamodb/lists/list-rows.ts";
import { createOutbox } from "../../lambdas/aws/dynamodb/outbox.ts";
import { createRevocationStore } from "../../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { offerItem, offerOf, sessionItem, sessionOf } from "../../lambdas/aws/dynamodb/sessions/session-rows.ts";
import { createSessionStore } from "../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { id, marker, now, offer, planner, record, researcher, session } from "./samples.ts";
import { type Cloud, openCloud } from "./tables.ts";

let cloud: Cloud;
let store: SessionStore;
let seconds = now;
beforeAll(async () => {
  cloud = await openCloud();
  store = createSessionStore(cloud.client, cloud.tables, { nowMillis: () => seconds * 1000 });
  for (let copy = 0; copy < limits.deploymentCopies; copy++)
    await cloud.client.send(
      new PutCommand({ TableName: "Revocations", Item: { subject: `deployment#${copy}`, registryVersion: 3 } }),
    );
});
afterAll(() => cloud.close());
beforeEach(() => {
  seconds = now;
  cloud.taken();
});

const raw = async (root: string, sid: string) =>
  (await cloud.client.send(new GetCommand({ TableName: "Sessions", Key: { root, sid }, ConsistentRead: true }))).Item;
const outbox = async (eventId: string) =>
  (await cloud.client.send(new GetCommand({ TableName: "Outbox", Key: { eventId }, ConsistentRead: true }))).Item;
const nothing = { tombstones: [], subjects: [] };

describe("rows", () => {
  test("bring a session back exactly, numbers that DynamoDB cannot hold among its details", () => {
    const whole = session({ build: "sha256:abc", purpose: "close the books", lending: ["staff"] });
    expect(sessionOf(sessionItem(whole))).toEqual(whole);
    const held = offer(whole, { redeemed: { sid: id(), jkt: "k" } });
    expect(offerOf(offerItem(held))).toEqual(held);
  });

  test.prop([fc.jsonValue({ maxDepth: 4 })])(
    "bring any constraint back exactly through the database",
    async (value) => {
      const detail = { type: "t", value };
      const kept = session({ grants: [{ resource: "r", scopes: [], details: [detail] }] });
      expect(await store.commit({ session: kept, markers: [], record: record() })).toEqual({
        ok: true,
        value: undefined,
      });
      const read = await store.readLiveness({ ...nothing, session: kept });
      expect(read.session?.grants[0]?.details[0]).toEqual(JSON.parse(JSON.stringify(detail)));
    },
  );

  test("carry a TTL a day after the end, and stay readable", async () => {
    const kept = session({ build: "sha256:abc" });
    await store.commit({ session: kept, markers: [], record: record() });
    const row = await raw(kept.root, kept.sid);
    expect(row?.expiresAt).toBe(kept.expiresAtSeconds + 86_400);
    expect(row?.actors).toEqual([planner]);
  });

  test("are found by agent, principal, build and, below a root, id: rows of the same transaction", async () => {
    const kept = session({ root: id(), build: "sha256:abc", actors: [planner, researcher] });
    await store.commit({ session: kept, markers: [], record: record() });
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
    const burnt = marker();
    await store.commit({ session: session(), markers: [burnt], record: record() });
    const before = (await cloud.client.send(new ScanCommand({ TableName: "Subjects" }))).Count;
    await store.commit({ session: session(), markers: [burnt], record: record() });
    expect((await cloud.client.send(new ScanCommand({ TableName: "Subjects" }))).Count).toBe(before);
  });
});

describe("commit", () => {
  test("writes session, markers and record in one call", async () => {
    const [kept, noted, burnt] = [session(), record(), marker()];
    expect((await store.commit({ session: kept, markers: [burnt], record: noted })).ok).toBe(true);
    expect(cloud.taken().map((call) => call.operation)).toEqual(["TransactWriteItemsCommand"]);
    expect(await outbox(noted.eventId)).toMatchObject({
      body: noted.body,
      hash: noted.hash,
      expiresAt: now + 1_209_600,
    });
  });

  test("refuses a marker burnt before and writes nothing of the rest", async () => {
    const burnt = marker("challenge");
    await store.commit({ markers: [burnt], record: record() });
    const [kept, noted] = [session(), record()];
    const second = await store.commit({ session: kept, markers: [marker(), burnt], record: noted });
    expect(second).toEqual({ ok: false, error: { kind: "marker", marker: "challenge" } });
    expect(await raw(kept.root, kept.sid)).toBeUndefined();
    expect(await outbox(noted.eventId)).toBeUndefined();
  });

  test("refuses a marker whose time is over but whose row TTL has not taken yet", async () => {
    const burnt = marker();
    await store.commit({ markers: [burnt], record: record() });
    seconds = now + 3600;
    expect(await store.commit({ markers: [burnt], record: record() })).toMatchObject({ ok: false });
  });

  test("names the replay when a marker and a session are both taken", async () => {
    const [kept, burnt] = [session(), marker()];
    await store.commit({ session: kept, markers: [burnt], record: record() });
    const again = await store.commit({ session: kept, markers: [burnt], record: record() });
    expect(again).toEqual({ ok: false, error: { kind: "marker", marker: "dpop" } });
    const other = await store.commit({ session: kept, markers: [marker()], record: record() });
    expect(other).toEqual({ ok: false, error: { kind: "session_exists" } });
  });

  test("throws, and writes nothing, when a record of that id is already there", async () => {
    const [noted, kept] = [record(), session()];
    await store.commit({ markers: [], record: noted });
    await expect(store.commit({ session: kept, markers: [], record: noted })).rejects.toThrow("only fail by a bug");
    expect(await raw(kept.root, kept.sid)).toBeUndefined();
  });

  test("repeats a conflicting transaction with the same token and the same bytes", async () => {
    cloud.db.faults.conflict(3);
    expect((await store.commit({ session: session(), markers: [marker()], record: record() })).ok).toBe(true);
    const calls = cloud.taken();
    expect(calls).toHaveLength(4);
    expect(new Set(calls.map((call) => JSON.stringify(call.input))).size).toBe(1);
    expect(calls[0]?.input).toMatchObject({ ClientRequestToken: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  });

  test("repeats a throttled transaction", async () => {
    cloud.db.faults.throttle("TransactWriteItems", 2);
    expect((await store.commit({ markers: [marker()], record: record() })).ok).toBe(true);
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
      const [kept, burnt, noted] = [session(), marker(), record()];
      const fresh = createSessionStore(patient.client, patient.tables, { nowMillis: () => now * 1000 });
      // a second transaction in its place would meet the first one's marker and be taken for a replay
      expect(await fresh.commit({ session: kept, markers: [burnt], record: noted })).toEqual({
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
    await expect(store.commit({ markers: [], record: record() })).rejects.toThrow();
    cloud.db.faults.conflict(0);
  });

  test("grants once when one marker is presented by twenty at the same time", async () => {
    const burnt = marker();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => store.commit({ session: session(), markers: [burnt], record: record() })),
    );
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
  });
});

describe("the outbox", () => {
  const box = () => createOutbox(cloud.client, cloud.tables);

  test("takes a denial alone, once", async () => {
    const noted = record(`denied#${id()}`);
    await box().put(noted);
    expect(await outbox(noted.eventId)).toMatchObject({ body: noted.body });
    await expect(box().put(noted)).rejects.toThrow();
  });

  test("threat 23: takes no grant's record on this way, and never over another", async () => {
    await expect(box().put(record())).rejects.toThrow("commit it with its grant");
  });
});

describe("offers", () => {
  const kept = async (more = {}) => {
    const held = offer(session(), more);
    await store.commit({ offer: held, markers: [], record: record() });
    return held;
  };
  const redeem = (held: { root: string; handleHash: string }) =>
    store.commit({
      redeem: { root: held.root, handleHash: held.handleHash, sid: id(), jkt: "k" },
      session: session(),
      markers: [marker()],
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
    seconds = held.expiresAtSeconds;
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
    await revocations.revoke({ withdraw: taken, markers: [], record: record() });
    expect(await redeem(taken)).toEqual({ ok: false, error: { kind: "offer_taken" } });
    const given = await kept();
    expect((await redeem(given)).ok).toBe(true);
    const late = await revocations.revoke({ withdraw: given, markers: [], record: record() });
    expect(late).toEqual({ ok: false, error: { kind: "offer_taken" } });
  });

  test("threat 12: a withdrawal changes no row of Sessions, and is seen by who reads the offer", async () => {
    const held = await kept();
    const before = await raw(held.root, `~offer#${held.handleHash}`);
    cloud.taken();
    await createRevocationStore(cloud.client, cloud.tables).revoke({ withdraw: held, markers: [], record: record() });
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
        revocations.revoke({ withdraw: held, markers: [], record: record() }),
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

  test("are found by no subject: a walk over an agent's sessions never meets one", async () => {
    const before = (await cloud.client.send(new ScanCommand({ TableName: "Subjects" }))).Count;
    await kept();
    expect((await cloud.client.send(new ScanCommand({ TableName: "Subjects" }))).Count).toBe(before);
  });
});

describe("liveness", () => {
  test("is one batch, strongly consistent in every table, keys named once", async () => {
    const kept = session({ principal: { id: planner, kind: "agent" } });
    await store.commit({ session: kept, markers: [], record: record() });
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
    expect(rows).toMatchObject({ complete: true, session: kept, deployment: { registryVersion: 3, generation: 0 } });
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
      markers: [],
      record: record(),
    });
    const rows = await store.readLiveness({ tombstones, subjects });
    expect([...rows.tombstones]).toEqual([tombstones[64]]);
    expect([...rows.epochs]).toEqual([[subjects[65], { generation: 1, blocked: true, cutAtSeconds: now }]]);
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
      await createRevocationStore(bare.client, bare.tables).revoke({ raise, markers: [], record: record() });
      expect((await fresh.readLiveness(nothing)).deployment).toBeUndefined();
    } finally {
      await bare.close();
    }
  });

  test("shows a session that was ended, and ending one that is not there makes no row", async () => {
    const kept = session();
    await store.commit({ session: kept, markers: [], record: record() });
    await store.end(kept.root, kept.sid);
    expect((await store.readLiveness({ ...nothing, session: kept })).session?.ended).toBe(true);
    const missing = id();
    await expect(store.end(missing, missing)).rejects.toThrow();
    expect(await raw(missing, missing)).toBeUndefined();
  });
});

describe("status leases", () => {
  const at = (): SessionStore => createSessionStore(cloud.client, cloud.tables, { nowMillis: () => seconds * 1000 });
  /** As the publisher leaves it. */
  const sign = (list: string, untilSeconds = seconds + limits.statusListLifeSeconds) =>
    createListRows(cloud.client, "Lists").putSigned(list, { token: "signed", revokedCount: 0, untilSeconds });
  async function place(of: SessionStore, expiresAtSeconds: number, generation = 0): Promise<Session["status"]> {
    const leased = await of.leaseStatus(expiresAtSeconds, generation);
    if (!leased) throw new Error("no list was signed");
    return leased;
  }
  beforeEach(async () => {
    for (const list of ["2026080100-0", "2026080102-0", "2026080103-0", "2026080105-0", "2026080105-1"])
      await sign(list);
    cloud.taken();
  });

  test("never give one place twice, over instances and at the same time", async () => {
    const instances = [at(), at(), at()];
    const leases = await Promise.all(
      Array.from({ length: 300 }, (_, i) => place(instances[i % 3] as SessionStore, now + 900)),
    );
    expect(new Set(leases.map(({ list, idx }) => `${list} ${idx}`)).size).toBe(300);
    for (const { list, idx } of leases) {
      expect(list).toBe("2026080100-0");
      expect(idx).toBeGreaterThanOrEqual(0);
    }
  });

  test("cost one write and one look at the list for a block, and come in no order", async () => {
    const one = at();
    const places: number[] = [];
    for (let i = 0; i < limits.statusLeaseSize; i++) places.push((await place(one, now + 7200)).idx);
    expect(cloud.taken().map(({ operation }) => operation)).toEqual(["UpdateItemCommand", "GetItemCommand"]);
    expect([...places].sort((a, b) => a - b)).not.toEqual(places);
  });

  test("drop what an instance holds when the deployment was cut", async () => {
    const one = at();
    const before = await place(one, now + 10_800);
    const after = await place(one, now + 10_800, 1);
    expect(Math.floor(before.idx / limits.statusLeaseSize)).not.toBe(Math.floor(after.idx / limits.statusLeaseSize));
  });

  test("go over into the window's next list when one is full", async () => {
    const Item = { root: "status#2026080105", sid: "lease", position: limits.statusListSize - limits.statusLeaseSize };
    await cloud.client.send(new PutCommand({ TableName: "Sessions", Item }));
    const one = at();
    const lists = new Set<string>();
    for (let i = 0; i < limits.statusLeaseSize + 1; i++) lists.add((await place(one, now + 5 * 3600)).list);
    expect([...lists]).toEqual(["2026080105-0", "2026080105-1"]);
  });

  const leasedOf = async (window: string) => (await raw(`status#${window}`, "lease"))?.position;

  test("name no list before it is signed, tell the publisher of it, and waste no block on asking again", async () => {
    const one = at();
    for (let n = 0; n < 3; n++) expect(await one.leaseStatus(now + 9 * 3600, 0)).toBeUndefined();
    expect(await leasedOf("2026080109")).toBe(limits.statusLeaseSize);
    await sign("2026080109-0");
    expect((await place(one, now + 9 * 3600)).list).toBe("2026080109-0");
    expect(await leasedOf("2026080109")).toBe(limits.statusLeaseSize);
  });

  test("name no list whose last signature is over, since the publisher stands still", async () => {
    await sign("2026080110-0", now);
    expect(await at().leaseStatus(now + 10 * 3600, 0)).toBeUndefined();
    await sign("2026080110-0", now + 1);
    expect((await place(at(), now + 10 * 3600)).list).toBe("2026080110-0");
  });

  test("name no list of a window that filled faster than the publisher came, whoever holds the last block before it", async () => {
    const Item = { root: "status#2026080111", sid: "lease", position: limits.statusListSize - limits.statusLeaseSize };
    await cloud.client.send(new PutCommand({ TableName: "Sessions", Item }));
    await sign("2026080111-0");
    const [one, other] = [at(), at()];
    expect((await place(one, now + 11 * 3600)).list).toBe("2026080111-0");
    expect(await other.leaseStatus(now + 11 * 3600, 0)).toBeUndefined();
    expect((await place(one, now + 11 * 3600)).list).toBe("2026080111-0");
    await sign("2026080111-1");
    expect((await place(other, now + 11 * 3600)).list).toBe("2026080111-1");
  });
});

describe("revocation", () => {
  const revocations = () => createRevocationStore(cloud.client, cloud.tables);

  test("raises and blocks all sixteen copies of the deployment at once, and lifts them again", async () => {
    await revocations().revoke({
      raise: { subject: "deployment", block: true, atSeconds: now },
      markers: [],
      record: record(),
    });
    const copies = async () =>
      ((await cloud.client.send(new ScanCommand({ TableName: "Revocations" }))).Items ?? []).filter((item) =>
        String(item.subject).startsWith("deployment#"),
      );
    for (const copy of await copies()) expect(copy).toMatchObject({ generation: 1, blocked: true, registryVersion: 3 });
    expect(await copies()).toHaveLength(limits.deploymentCopies);
    await revocations().revoke({ lift: { subject: "deployment" }, markers: [], record: record() });
    for (const copy of await copies()) expect(copy).toMatchObject({ generation: 1, blocked: false });
  });

  test("counts every one of twenty cuts that come at the same time", async () => {
    const subject = `agent:${researcher}`;
    await Promise.all(
      Array.from({ length: 20 }, () =>
        revocations().revoke({ raise: { subject, block: false, atSeconds: now }, markers: [], record: record() }),
      ),
    );
    const rows = await store.readLiveness({ ...nothing, subjects: [subject] });
    expect(rows.epochs.get(subject)).toEqual({ generation: 20, blocked: false, cutAtSeconds: now });
  });

  test("leaves a block in place when a cut without a block follows", async () => {
    const subject = "build:sha256:x";
    const raise = (block: boolean) =>
      revocations().revoke({ raise: { subject, block, atSeconds: now }, markers: [], record: record() });
    await raise(true);
    await raise(false);
    expect((await store.readLiveness({ ...nothing, subjects: [subject] })).epochs.get(subject)?.blocked).toBe(true);
  });

  test("counters carry no TTL: one that started again at 0 would bring the dead back", async () => {
    const items = (await cloud.client.send(new ScanCommand({ TableName: "Revocations" }))).Items ?? [];
    const counters = items.filter((item) => /^(standing|deployment)#/.test(String(item.subject)));
    expect(counters.length).toBeGreaterThan(16);
    for (const item of items) expect(item.expiresAt).toBeUndefined();
  });

  describe("threat 32: a login", () => {
    const names = { issuer: "https://idp.example", subject: "ada", agent: planner };
    beforeEach(() => {
      names.subject = id();
    });
    const login = (authTimeSeconds: number | undefined, sid: string | undefined, document = id()) =>
      loginOf({ ...names, ...{ ...(authTimeSeconds && { authTimeSeconds }), ...(sid && { sid }) }, document });
    const burn = (logins: readonly Login[], atSeconds: number) =>
      revocations().revoke({
        burn: { logins, atSeconds },
        markers: [],
        record: record(),
      });
    const epochs = async (...of: readonly (string | undefined)[]) => {
      const subjects = of.filter((one) => one !== undefined);
      const rows = await store.readLiveness({ ...nothing, subjects });
      return subjects.map((subject) => rows.epochs.get(subject));
    };

    test("is burnt by every name, and its session tombstoned, in one transaction that liveness sees", async () => {
      const kept = session();
      const burnt = login(now - 5, id());
      await revocations().revoke({
        tombstone: { root: kept.root, sid: kept.sid, expiresAtSeconds: kept.expiresAtSeconds },
        burn: { logins: [burnt], session: kept.sid, atSeconds: now },
        markers: [],
        record: record(),
      });
      expect((await store.readLiveness({ ...nothing, tombstones: [kept.sid] })).tombstones.has(kept.sid)).toBe(true);
      const raised = { generation: 1, blocked: false, burntAtSeconds: now };
      expect(await epochs(burnt.at, burnt.sid, burnt.any)).toEqual([raised, raised, raised]);
      // nothing is issued under a document, so that no walk is made for it
      expect(await epochs(burnt.document)).toEqual([{ ...raised, generation: 0 }]);
      expect(await revocations().readDenylisted(kept.sid)).toEqual(burnt);
      expect(await revocations().readDenylisted(id())).toBeUndefined();
    });

    test("is cleared by name and leaves what it shares with another burnt one, and every generation", async () => {
      const [one, other] = [login(1_000, undefined), login(2_000, undefined)];
      await burn([one, other], now);
      await revocations().revoke({ clear: one, markers: [], record: record() });
      const [cleared, kept, any] = await epochs(one.at, other.at, one.any);
      expect([cleared?.burntAtSeconds, kept?.burntAtSeconds]).toEqual([undefined, now]);
      expect([cleared?.generation, any?.burntAtSeconds]).toEqual([1, now]);
      await revocations().revoke({ clear: other, markers: [], record: record() });
      const [gone] = await epochs(one.any);
      expect(gone?.burntAtSeconds).toBeUndefined();
      expect(gone?.generation).toBeGreaterThan(0);
    });

    test("may be burnt twice, at one instant and twenty at a time", async () => {
      const subject = id();
      const many = Array.from({ length: limits.loginsDenylistedAtOnce }, () =>
        loginOf({ ...names, subject, sid: id(), document: id() }),
      );
      const outcomes = await Promise.all([burn(many, now), burn(many, now + 1)]);
      expect(outcomes.every(({ ok }) => ok)).toBe(true);
      const found = await epochs(...many.map(({ sid }) => sid), many[0]?.any);
      expect(found).toHaveLength(many.length + 1);
      for (const one of found) expect(one?.generation).toBe(2);
    });

    test("of a principal's roots is found by the principal, of a child or an agent's own work nothing", async () => {
      const principal = { id: `p_${id()}`, kind: "person" } as const;
      const [one, other] = [login(1, "s"), login(undefined, undefined)];
      const roots = [session({ principal, login: one }), session({ principal, login: other }), session({ principal })];
      const child = session({ principal, root: roots[0]?.root ?? "" });
      for (const each of [...roots, child]) await store.commit({ session: each, markers: [], record: record() });
      const found = await revocations().loginsOf(principal.id);
      expect(new Set(found)).toEqual(new Set([one, other]));
    });
  });

  test("finds a child by its id alone, and takes no offer or counter for a session", async () => {
    const child = session({ root: id() });
    await store.commit({ session: child, markers: [], record: record() });
    expect(await revocations().findSession(child.sid)).toEqual(child);
    expect(await revocations().readSession(child.root, child.sid)).toEqual(child);
    expect(await revocations().findSession(id())).toBeUndefined();
    await store.leaseStatus(now + 900, 0);
    expect(await revocations().readSession("status#2026080100", "lease")).toBeUndefined();
  });
});

describe("threat 34: what a tree grows by", () => {
  const most = { children: 3, offers: 2, bytes: 1_000 };
  const child = { children: 1, offers: 0, bytes: 100 };

  test("is counted to its bound and no further, by many at once, each kind apart", async () => {
    const root = id();
    const grown = await Promise.all(Array.from({ length: 10 }, () => store.growTree(root, child, most)));
    expect(grown.filter(Boolean)).toHaveLength(3);
    const offer = { children: 0, offers: 1, bytes: 100 };
    expect([await store.growTree(root, offer, most), await store.growTree(root, offer, most)]).toEqual([true, true]);
    expect(await store.growTree(root, offer, most)).toBe(false);
    expect(await store.growTree(id(), child, most)).toBe(true);
  });

  test("is bounded in bytes, and a refusal counts nothing", async () => {
    const root = id();
    expect(await store.growTree(root, { ...child, bytes: 950 }, most)).toBe(true);
    expect(await store.growTree(root, child, most)).toBe(false);
    expect(await store.growTree(root, { ...child, bytes: 50 }, most)).toBe(true);
  });
});
