import { GetCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { Vend } from "../../../core/model/session.ts";
import { createSessionQueries } from "../../../lambdas/aws/dynamodb/sessions/session-queries.ts";
import { readListedTree, readTree } from "../../../lambdas/aws/dynamodb/sessions/session-tree.ts";
import { vendOf } from "../../../lambdas/aws/dynamodb/sessions/vend-rows.ts";
import { id, now, record, replayEntry, session } from "../samples.ts";
import { cloud, raw, setUp, store } from "./session-store/ground.ts";

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
const rowOf = async ({ root, sid, role }: Vend) => raw(root, `~aws#${sid}#${role}`);

describe("what a session was given at AWS", () => {
  test("stands in one row a session and role, which goes a day after the last of it", async () => {
    const one = vend();
    expect((await give(one)).ok).toBe(true);
    const row = await rowOf(one);
    expect(vendOf(row ?? {})).toEqual(one);
    expect(row?.expiresAt).toBe(now + 60 + 86_400);
    await give({ ...one, role: "tables" });
    await give({ ...one, accessKeyId: "ASIAEXAMPLEEXAMPLE13", endsAtSeconds: now + 90 });
    const { Items = [] } = await cloud.client.send(new ScanCommand({ TableName: "Sessions" }));
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

  test("is no session: no walk of its tree meets it, and no reader takes it for one", async () => {
    const root = session();
    await store.commit({ session: root, replayEntries: [], record: record() });
    const one = vend({ sid: root.sid });
    await give(one);
    expect(await readTree(cloud.client, cloud.tables, root.root)).toEqual([root]);
    expect((await readListedTree(cloud.client, cloud.tables, root.root)).map(({ sid }) => sid)).toEqual([root.sid]);
    expect(await store.readSession(root.root, `~aws#${root.sid}#files`)).toBeUndefined();
    const rows = (await createSessionQueries(cloud.client, cloud.tables).tree(root.root, undefined, 10)).rows;
    expect(rows).toEqual([
      { kind: "session", session: root },
      { kind: "vend", vend: one },
    ]);
  });
});
