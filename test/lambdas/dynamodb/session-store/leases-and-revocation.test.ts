import { PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { test } from "@fast-check/vitest";
import { beforeEach, describe, expect } from "vitest";
import { limits } from "../../../../core/model/limits.ts";
import { type Login, loginOf } from "../../../../core/model/login.ts";
import type { Session } from "../../../../core/model/session.ts";
import type { SessionStore } from "../../../../core/session/store.ts";
import { createListRows } from "../../../../lambdas/aws/dynamodb/lists/list-rows.ts";
import { createRevocationStore } from "../../../../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { createSessionStore } from "../../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { id, now, planner, record, researcher, session } from "../../samples.ts";
import { cloud, nothing, raw, setUp, store, time } from "./ground.ts";

setUp();

describe("status leases", () => {
  const at = (): SessionStore =>
    createSessionStore(cloud.client, cloud.tables, { nowMillis: () => time.seconds * 1000 });
  /** As the publisher leaves it. */
  const sign = (list: string, untilSeconds = time.seconds + limits.statusListLifeSeconds) =>
    createListRows(cloud.client, "Lists").putSigned(list, { token: "signed", revokedCount: 0, untilSeconds });
  async function place(of: SessionStore, expiresAtSeconds: number, epoch = 0): Promise<Session["status"]> {
    const leased = await of.leaseStatus(expiresAtSeconds, epoch);
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
      replayEntries: [],
      record: record(),
    });
    const copies = async () =>
      ((await cloud.client.send(new ScanCommand({ TableName: "Revocations" }))).Items ?? []).filter((item) =>
        String(item.subject).startsWith("deployment#"),
      );
    for (const copy of await copies()) expect(copy).toMatchObject({ generation: 1, blocked: true, registryVersion: 3 });
    expect(await copies()).toHaveLength(limits.deploymentCopies);
    await revocations().revoke({ lift: { subject: "deployment" }, replayEntries: [], record: record() });
    for (const copy of await copies()) expect(copy).toMatchObject({ generation: 1, blocked: false });
  });

  test("counts every one of twenty cuts that come at the same time", async () => {
    const subject = `agent:${researcher}`;
    await Promise.all(
      Array.from({ length: 20 }, () =>
        revocations().revoke({ raise: { subject, block: false, atSeconds: now }, replayEntries: [], record: record() }),
      ),
    );
    const rows = await store.readLiveness({ ...nothing, subjects: [subject] });
    expect(rows.epochs.get(subject)).toEqual({ epoch: 20, blocked: false, cutAtSeconds: now });
  });

  test("leaves a block in place when a cut without a block follows", async () => {
    const subject = "build:sha256:x";
    const raise = (block: boolean) =>
      revocations().revoke({ raise: { subject, block, atSeconds: now }, replayEntries: [], record: record() });
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
    const denylist = (logins: readonly Login[], atSeconds: number) =>
      revocations().revoke({
        denylist: { logins, atSeconds },
        replayEntries: [],
        record: record(),
      });
    const epochs = async (...of: readonly (string | undefined)[]) => {
      const subjects = of.filter((one) => one !== undefined);
      const rows = await store.readLiveness({ ...nothing, subjects });
      return subjects.map((subject) => rows.epochs.get(subject));
    };

    test("is denylisted by every name, and its session tombstoned, in one transaction that liveness sees", async () => {
      const kept = session();
      const denylisted = login(now - 5, id());
      await revocations().revoke({
        tombstone: { root: kept.root, sid: kept.sid, expiresAtSeconds: kept.expiresAtSeconds },
        denylist: { logins: [denylisted], session: kept.sid, atSeconds: now },
        replayEntries: [],
        record: record(),
      });
      expect((await store.readLiveness({ ...nothing, tombstones: [kept.sid] })).tombstones.has(kept.sid)).toBe(true);
      const raised = { epoch: 1, blocked: false, denylistedAtSeconds: now };
      expect(await epochs(denylisted.at, denylisted.sid, denylisted.any)).toEqual([raised, raised, raised]);
      // nothing is issued under a document, so that no walk is made for it
      expect(await epochs(denylisted.document)).toEqual([{ ...raised, epoch: 0 }]);
      expect(await revocations().readDenylisted(kept.sid)).toEqual(denylisted);
      expect(await revocations().readDenylisted(id())).toBeUndefined();
    });

    test("is cleared by name and leaves what it shares with another denylisted one, and every epoch", async () => {
      const [one, other] = [login(1_000, undefined), login(2_000, undefined)];
      await denylist([one, other], now);
      await revocations().revoke({ clear: one, replayEntries: [], record: record() });
      const [cleared, kept, any] = await epochs(one.at, other.at, one.any);
      expect([cleared?.denylistedAtSeconds, kept?.denylistedAtSeconds]).toEqual([undefined, now]);
      expect([cleared?.epoch, any?.denylistedAtSeconds]).toEqual([1, now]);
      await revocations().revoke({ clear: other, replayEntries: [], record: record() });
      const [gone] = await epochs(one.any);
      expect(gone?.denylistedAtSeconds).toBeUndefined();
      expect(gone?.epoch).toBeGreaterThan(0);
    });

    test("may be denylisted twice, at one instant and twenty at a time", async () => {
      const subject = id();
      const many = Array.from({ length: limits.loginsDenylistedAtOnce }, () =>
        loginOf({ ...names, subject, sid: id(), document: id() }),
      );
      const outcomes = await Promise.all([denylist(many, now), denylist(many, now + 1)]);
      expect(outcomes.every(({ ok }) => ok)).toBe(true);
      const found = await epochs(...many.map(({ sid }) => sid), many[0]?.any);
      expect(found).toHaveLength(many.length + 1);
      for (const one of found) expect(one?.epoch).toBe(2);
    });

    test("of a principal's roots is found by the principal, of a child or an agent's own work nothing", async () => {
      const principal = { id: `p_${id()}`, kind: "person" } as const;
      const [one, other] = [login(1, "s"), login(undefined, undefined)];
      const roots = [session({ principal, login: one }), session({ principal, login: other }), session({ principal })];
      const child = session({ principal, root: roots[0]?.root ?? "" });
      for (const each of [...roots, child]) await store.commit({ session: each, replayEntries: [], record: record() });
      const found = await revocations().loginsOf(principal.id);
      expect(new Set(found)).toEqual(new Set([one, other]));
    });
  });

  test("finds a child by its id alone, and takes no offer or counter for a session", async () => {
    const child = session({ root: id() });
    await store.commit({ session: child, replayEntries: [], record: record() });
    expect(await revocations().findSession(child.sid)).toEqual(child);
    expect(await revocations().readSession(child.root, child.sid)).toEqual(child);
    expect(await revocations().findSession(id())).toBeUndefined();
    await store.leaseStatus(now + 900, 0);
    expect(await revocations().readSession("status#2026080100", "lease")).toBeUndefined();
  });
});
