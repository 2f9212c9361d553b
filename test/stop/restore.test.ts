import { setImmediate as turn } from "node:timers/promises";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { AuditRecord } from "../../core/audit/record.ts";
import { stopInAws } from "../../core/endpoints/aws-stop.ts";
import { type Deny, deniesOf, denyDocument } from "../../core/stop/deny.ts";
import { type DenyPolicies, type PolicyVersion, restore } from "../../core/stop/restore.ts";
import { emptyStops, type Stop, type StopLedger } from "../../core/stop/stops.ts";
import { toRecord } from "../kit/records.ts";
import { account, idOf, listed, many, now } from "./ground.ts";

const clock = { nowMillis: () => now * 1000 };
const ledgerOf = (stops: readonly Stop[]): StopLedger => ({ version: 1, stops });

/** IAM in memory, as far as a writer meets it: five versions, and answers that may be late. */
function iam(shards = 2) {
  const policies = Array.from({ length: shards }, () => ({
    versions: [{ id: "v1", document: denyDocument([]) }],
    counts: "v1",
    made: 1,
  }));
  const calls: string[] = [];
  let late = 0;
  type Read = Awaited<ReturnType<DenyPolicies["read"]>>;
  const former = new Map<number, Read>();
  const answer = (shard: number): Read => {
    const { versions, counts } = policies[shard] as (typeof policies)[number];
    return {
      versions: versions.map(({ id }): PolicyVersion => ({ id, isDefault: id === counts })),
      document: versions.find(({ id }) => id === counts)?.document ?? "",
    };
  };
  const port: DenyPolicies = {
    async read(shard) {
      await turn();
      calls.push(`read ${shard}`);
      if (late > 0 && former.has(shard)) {
        late -= 1;
        return former.get(shard) as Read;
      }
      return answer(shard);
    },
    async remove(shard, id) {
      await turn();
      calls.push(`remove ${shard} ${id}`);
      const policy = policies[shard] as (typeof policies)[number];
      if (id === policy.counts) throw new Error("the version that counts");
      policy.versions = policy.versions.filter((one) => one.id !== id);
    },
    async write(shard, document) {
      await turn();
      calls.push(`write ${shard}`);
      const policy = policies[shard] as (typeof policies)[number];
      if (policy.versions.length >= 5) return undefined;
      former.set(shard, answer(shard));
      policy.made += 1;
      policy.counts = `v${policy.made}`;
      policy.versions.push({ id: policy.counts, document });
      return policy.counts;
    },
  };
  return {
    port,
    calls,
    policies,
    values: (): readonly Deny[] =>
      policies.flatMap((_, shard) => deniesOf(answer(shard).document) ?? [{ by: "source", value: "foreign" }]),
    answerLate: (times: number) => {
      late = times;
    },
  };
}

const run = (port: DenyPolicies, stops: () => StopLedger, shards = 2) =>
  restore({ clock, account, shards, policies: port, stops: async () => stops() });

const sessionsIn = (denies: readonly Deny[]) => new Set(denies.map(({ value }) => value));

describe("restoring an account's deny policies", () => {
  test("writes what the ledger says of this account, until it ends, and nothing where nothing changed", async () => {
    const cloud = iam();
    const stops = [
      listed(),
      listed({ sid: idOf("S", 2), account: "444455556666" }),
      listed({ sid: idOf("S", 3), untilSeconds: now }),
    ];
    expect(await run(cloud.port, () => ledgerOf(stops))).toEqual({ coarse: "exact", written: 1 });
    expect(cloud.values()).toEqual([{ by: "source", value: `lyd.${idOf("R", 1)}.${idOf("S", 1)}` }]);
    const before = cloud.calls.length;
    expect(await run(cloud.port, () => ledgerOf(stops))).toEqual({ coarse: "exact", written: 0 });
    expect(cloud.calls.slice(before)).toEqual(["read 0", "read 1"]);
    // and takes it back when it has ended
    expect(await run(cloud.port, () => emptyStops)).toEqual({ coarse: "exact", written: 1 });
    expect(cloud.values()).toEqual([]);
  });

  test("threat 20: undoes a foreign edit, whatever it is, in the same run", async () => {
    const cloud = iam();
    await run(cloud.port, () => ledgerOf([listed()]));
    const allow = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
    });
    for (const document of [allow, denyDocument([]), "{", denyDocument([{ by: "source", value: "lyd.*" }])]) {
      for (const shard of [0, 1]) await foreign(cloud, shard, document);
      await run(cloud.port, () => ledgerOf([listed()]));
      expect(cloud.values()).toEqual([{ by: "source", value: `lyd.${idOf("R", 1)}.${idOf("S", 1)}` }]);
    }
  });

  test("deletes the oldest version first, since IAM keeps five and a sixth is refused", async () => {
    const cloud = iam(1);
    for (let at = 1; at <= 8; at++) await run(cloud.port, () => ledgerOf([listed({ sid: idOf("S", at) })]), 1);
    expect(cloud.policies[0]?.versions.map(({ id }) => id)).toEqual(["v5", "v6", "v7", "v8", "v9"]);
    expect(cloud.calls.filter((one) => one.startsWith("remove"))).toEqual([1, 2, 3, 4].map((at) => `remove 0 v${at}`));
  });

  test("believes what it wrote where IAM still answers with what was there before", async () => {
    const cloud = iam();
    cloud.answerLate(4);
    expect(await run(cloud.port, () => ledgerOf([listed()]))).toEqual({ coarse: "exact", written: 1 });
    expect(cloud.policies[0]?.versions).toHaveLength(2);
  });

  test("notices a stop that is noted while it writes", async () => {
    const cloud = iam();
    const both = [listed(), listed({ sid: idOf("S", 2) })];
    let reads = 0;
    await run(cloud.port, () => ledgerOf(reads++ === 0 ? both.slice(0, 1) : both));
    expect(sessionsIn(cloud.values()).size).toBe(2);
  });

  test("gives up, loudly, on policies that somebody else goes on changing", async () => {
    const cloud = iam(1);
    const write = cloud.port.write;
    const spoiled: DenyPolicies = {
      ...cloud.port,
      async write(shard, document) {
        const made = await write(shard, document);
        await foreign(cloud, shard, "{}");
        return made;
      },
    };
    await expect(run(spoiled, () => ledgerOf([listed()]), 1)).rejects.toThrow("go on changing");
  });

  property.prop([fc.scheduler(), fc.integer({ min: 1, max: 150 }), fc.integer({ min: 0, max: 150 })], { numRuns: 40 })(
    "threat 20: two writers at once, in any order of their calls, leave what the newest ledger says",
    async (scheduler, before, more) => {
      const cloud = iam(2);
      const scheduled = (): DenyPolicies => ({
        read: scheduler.scheduleFunction(cloud.port.read),
        remove: scheduler.scheduleFunction(cloud.port.remove),
        write: scheduler.scheduleFunction(cloud.port.write),
      });
      await run(cloud.port, () => ledgerOf(many(before)));
      let reads = 0;
      // the ledger grows while both are at work
      const stops = () => ledgerOf(many(reads++ < 2 ? before : before + more, () => ({ untilSeconds: now + 600 })));
      const both = Promise.allSettled([run(scheduled(), stops), run(scheduled(), stops)]);
      await scheduler.waitFor(both);
      for (const one of await both) expect(one).toMatchObject({ status: "fulfilled" });
      const wanted = many(reads <= 2 ? before : before + more) as ReturnType<typeof listed>[];
      expect(sessionsIn(cloud.values())).toEqual(new Set(wanted.map(({ root, sid }) => `lyd.${root}.${sid}`)));
    },
  );
});

async function foreign(cloud: ReturnType<typeof iam>, shard: number, document: string): Promise<void> {
  const policy = cloud.policies[shard];
  if (!policy) throw new Error("no such policy");
  if (policy.versions.length >= 5) policy.versions.splice(0, 1);
  await cloud.port.write(shard, document);
}

describe("the function aws-stop", () => {
  const accounts = [account, "444455556666", "777788889999"];
  const stopping = async (ledger: StopLedger, fails: string[] = []) => {
    const clouds = new Map(accounts.map((one) => [one, iam(1)]));
    const records: AuditRecord[] = [];
    const work = stopInAws({
      ...{ clock, accounts, shards: 1, toRecord, requestId: "r" },
      stops: async () => ledger,
      policiesOf: (one) => {
        const { port } = clouds.get(one) ?? iam(1);
        const failing = { ...port, read: () => Promise.reject(new Error("AccessDenied")) };
        return fails.includes(one) ? failing : port;
      },
      record: async (one) => {
        records.push(one);
      },
    });
    const [outcome] = await Promise.allSettled([work]);
    return { outcome, clouds, records: records.map(({ body, eventId }) => ({ eventId, ...JSON.parse(body) })) };
  };

  test("restores each account by itself, and fails at the end for one that it cannot reach", async () => {
    const stops = accounts.map((one, at) => listed({ account: one, sid: idOf("S", at) }));
    const { outcome, clouds } = await stopping(ledgerOf(stops), ["444455556666"]);
    expect(outcome).toMatchObject({ status: "rejected", reason: { message: "1 accounts have no up-to-date stop" } });
    for (const [at, one] of accounts.entries())
      expect([...sessionsIn(clouds.get(one)?.values() ?? [])]).toEqual(
        one === "444455556666" ? [] : [`lyd.${idOf("R", 1)}.${idOf("S", at)}`],
      );
  });

  test("threat 20: tells of an overflow, by its count and once an hour by a record of which account and how", async () => {
    const { outcome, records } = await stopping(ledgerOf(many(400, () => ({ root: idOf("R", 1) }))));
    expect(outcome).toMatchObject({ status: "fulfilled", value: { coarse: 1 } });
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({
      eventId: expect.stringMatching(/^denied#/),
      metadata: { event_code: "stop.coarse" },
      status: "Failure",
    });
    expect(JSON.stringify(records[0])).toContain(`account:${account}`);
    const again = await stopping(ledgerOf(many(400, () => ({ root: idOf("R", 1) }))));
    expect(again.records.map(({ eventId }) => eventId)).toEqual(records.map(({ eventId }) => eventId));
  });

  test("tells of a ledger that did not hold every session, in every account", async () => {
    const { outcome, records } = await stopping({ ...ledgerOf([listed()]), overflowUntilSeconds: now + 1 });
    expect(outcome).toMatchObject({ status: "fulfilled", value: { coarse: 3 } });
    expect(records).toHaveLength(3);
    expect((await stopping({ ...ledgerOf([listed()]), overflowUntilSeconds: now })).records).toEqual([]);
  });
});
