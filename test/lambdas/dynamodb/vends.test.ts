import { GetCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { Vend } from "../../../core/model/session.ts";
import { createSessionQueries } from "../../../lambdas/aws/dynamodb/sessions/session-queries.ts";
import { readListedTree, readTree } from "../../../lambdas/aws/dynamodb/sessions/session-tree.ts";
import { readVends } from "../../../lambdas/aws/dynamodb/vends/vend-reads.ts";
import { vendOf } from "../../../lambdas/aws/dynamodb/vends/vend-rows.ts";
import { id, now, record, replayEntry, session } from "../samples.ts";
import { cloud, setUp, store } from "./session-store/ground.ts";

setUp();

const vend = (more: Partial<Vend> = {}): Vend => {
  const sid = more.sid ?? id();
  return {
    root: sid,
    sid,
    agent: "spiffe://agents.example.com/agent/planner",
    role: "files",
    arn: "arn:aws:iam::111122223333:role/agents/files",
    account: "111122223333",
    accessKeyId: "ASIAEXAMPLEEXAMPLE12",
    endsAtSeconds: now + 60,
    ...more,
  };
};
const give = (one: Vend, replayEntries = [replayEntry()], kept = record()) =>
  store.commit({ vend: one, replayEntries, record: kept });
const rowOf = async ({ root, sid, role }: Vend) => {
  const Key = { root, vend: `${sid}#${role}` };
  return (await cloud.client.send(new GetCommand({ TableName: "Vends", Key, ConsistentRead: true }))).Item;
};

describe("what a session was given at AWS", () => {
  test("stands in one row a session and role, which goes a day after the last of it", async () => {
    const one = vend();
    expect((await give(one)).ok).toBe(true);
    const row = await rowOf(one);
    expect(vendOf(row ?? {})).toEqual(one);
    expect(row?.expiresAt).toBe(now + 60 + 86_400);
    await give({ ...one, role: "tables" });
    await give({ ...one, accessKeyId: "ASIAEXAMPLEEXAMPLE13", endsAtSeconds: now + 90 });
    const { Items = [] } = await cloud.client.send(new ScanCommand({ TableName: "Vends" }));
    expect(Items.filter(({ root }) => root === one.root)).toHaveLength(2);
    expect(vendOf((await rowOf(one)) ?? {})).toMatchObject({
      accessKeyId: "ASIAEXAMPLEEXAMPLE13",
      endsAtSeconds: now + 90,
    });
  });

  property.prop([fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 5 })], { numRuns: 15 })(
    "ends when the longest-lived of it ends, in whatever order it was given, and names the newest key",
    async (lives) => {
      const sid = id();
      const all = lives.map((life, at) =>
        vend({ sid, endsAtSeconds: now + life, accessKeyId: `ASIA${String(at).padStart(16, "0")}` }),
      );
      for (const one of all) expect((await give(one)).ok).toBe(true);
      const row = await rowOf(vend({ sid }));
      expect(row).toMatchObject({
        endsAtSeconds: now + Math.max(...lives),
        expiresAt: now + Math.max(...lives) + 86_400,
        accessKeyId: all.at(-1)?.accessKeyId,
      });
    },
  );

  test("is stored with replay entry and record, or not at all", async () => {
    const [one, used, noted] = [vend(), replayEntry(), record()];
    await store.commit({ replayEntries: [used], record: record() });
    expect(await give(one, [used], noted)).toEqual({ ok: false, error: { kind: "replay", entry: "dpop" } });
    expect(await rowOf(one)).toBeUndefined();
    const outbox = new GetCommand({ TableName: "Outbox", Key: { eventId: noted.eventId }, ConsistentRead: true });
    expect((await cloud.client.send(outbox)).Item).toBeUndefined();
    // the same where the row holds a later end, and a second transaction is tried
    await give(one);
    expect(await give({ ...one, endsAtSeconds: now + 10 }, [used])).toMatchObject({ error: { kind: "replay" } });
  });

  test("is one call of DynamoDB, and two where the row holds a later end", async () => {
    const one = vend();
    await give(one);
    expect(cloud.taken()).toHaveLength(1);
    await give({ ...one, endsAtSeconds: now + 10 });
    expect(cloud.taken()).toHaveLength(2);
  });

  test("threat 10: is in a table of its own, where no walk and no reader of sessions can meet it", async () => {
    const root = session();
    await store.commit({ session: root, replayEntries: [], record: record() });
    const one = vend({ sid: root.sid });
    await give(one);
    expect(await readTree(cloud.client, cloud.tables, root.root)).toEqual([root]);
    expect((await readListedTree(cloud.client, cloud.tables, root.root)).map(({ sid }) => sid)).toEqual([root.sid]);
    const rows = (await createSessionQueries(cloud.client, cloud.tables).tree(root.root, undefined, 10)).rows;
    expect(rows).toEqual([{ kind: "session", session: root }]);
    const { Items = [] } = await cloud.client.send(new ScanCommand({ TableName: "Sessions" }));
    expect(Items.filter((item) => item.root === root.root)).toHaveLength(1);
  });

  test("is found by its tree, whole, over however many pages, and without any other tree's", async () => {
    const root = id();
    const all = Array.from({ length: 30 }, (_, at) =>
      vend({ root, sid: id(), accessKeyId: `ASIA${at}`.padEnd(20, "0") }),
    );
    // rows of nearly 400 kB: three fill a page of DynamoDB
    const [first, second, third, ...small] = all.map((one, at) =>
      at < 3 ? { ...one, arn: "a".repeat(380_000) } : one,
    );
    for (const one of [first, second, third, ...small]) await give(one as Vend);
    await give(vend());
    const found = await readVends(cloud.client, cloud.tables, { root });
    expect(new Set(found.map(({ sid }) => sid))).toEqual(new Set(all.map(({ sid }) => sid)));
    expect(found).toHaveLength(30);
    const [one = vend()] = all;
    expect(await readVends(cloud.client, cloud.tables, { root, sid: one.sid })).toEqual([
      found.find(({ sid }) => sid === one.sid),
    ]);
    expect(await readVends(cloud.client, cloud.tables, { root, most: 7 })).toEqual(found.slice(0, 7));
  });
});
