import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { fc, test as property } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SessionQueries } from "../../../core/admin/read/session-queries.ts";
import type { Session } from "../../../core/model/session.ts";
import { subjects } from "../../../core/model/subjects.ts";
import type { SessionStore } from "../../../core/session/store.ts";
import { createRevocationStore } from "../../../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { createSessionQueries } from "../../../lambdas/aws/dynamodb/sessions/session-queries.ts";
import { createSessionStore } from "../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { id, now, offer, planner, record, session } from "../samples.ts";
import { type Cloud, openCloud } from "../tables.ts";

let cloud: Cloud;
let store: SessionStore;
let queries: SessionQueries;
beforeAll(async () => {
  cloud = await openCloud();
  store = createSessionStore(cloud.client, cloud.tables, { nowMillis: () => now * 1000 });
  queries = createSessionQueries(cloud.client, cloud.tables);
});
afterAll(() => cloud.close());

const agentNamed = (name: string) => `spiffe://agents.example.com/agent/${name}`;
const keep = async (kept: Session) => {
  expect((await store.commit({ session: kept, replayEntries: [], record: record() })).ok).toBe(true);
  return kept;
};
const place = ({ root, sid, expiresAtSeconds }: Session) => ({ root, sid, endSeconds: expiresAtSeconds });

/** All places of a subject, by pages of `limit`. */
async function all(subject: string, limit: number, fromSeconds = now) {
  const found = [];
  let after: Parameters<SessionQueries["places"]>[1] = { endSeconds: fromSeconds };
  for (;;) {
    const page = await queries.places(subject, after, limit);
    expect(page.length).toBeLessThanOrEqual(limit);
    found.push(...page);
    const last = page.at(-1);
    if (page.length < limit || !last) return found;
    after = last;
  }
}

describe("places", () => {
  property.prop(
    [fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 40 }), fc.integer({ min: 1, max: 7 }), fc.uuid()],
    { numRuns: 12 },
  )("of all shards come in one order, each once, whatever the page's size", async (ends, limit, name) => {
    const kept: Session[] = [];
    for (const end of ends) kept.push(await keep(session({ actors: [agentNamed(name)], expiresAtSeconds: now + end })));
    const found = await all(subjects.agent(agentNamed(name)), limit);
    const key = (p: { endSeconds: number; root: string; sid: string }) => `${p.endSeconds}#${p.root}#${p.sid}`;
    expect(found.map(key)).toEqual(kept.map(place).map(key).sort());
  });

  test("what has ended is left out, and one second decides", async () => {
    const actors = [agentNamed("ending")];
    const [, , last] = [
      await keep(session({ actors, expiresAtSeconds: now - 1 })),
      await keep(session({ actors, expiresAtSeconds: now })),
      await keep(session({ actors, expiresAtSeconds: now + 1 })),
    ];
    expect(await all(subjects.agent(agentNamed("ending")), 10)).toEqual([place(last as Session)]);
  });

  test("of an agent whose name begins like another's, or like a shard, are its own alone", async () => {
    const mine = await keep(session({ actors: [agentNamed("bot")], expiresAtSeconds: now + 9 }));
    await keep(session({ actors: [agentNamed("bot2")], expiresAtSeconds: now + 9 }));
    expect(await all(subjects.agent(agentNamed("bot")), 10)).toEqual([place(mine)]);
    expect(await all(`${subjects.agent(agentNamed("bot"))}#0`, 10)).toEqual([]);
  });

  test("every read is strongly consistent, and only reads are sent", async () => {
    cloud.taken();
    await queries.places(subjects.agent(planner), { endSeconds: now }, 5);
    await queries.tree(id(), undefined, 5);
    await queries.rootOf(id());
    await queries.usesLeft([id()]);
    await queries.vends({ root: id() }, 5);
    const calls = cloud.taken();
    expect(new Set(calls.map(({ operation }) => operation))).toEqual(new Set(["QueryCommand", "BatchGetItemCommand"]));
    for (const { input } of calls) expect(JSON.stringify(input)).toContain('"ConsistentRead":true');
  });
});

describe("sessions, trees and uses", () => {
  test("a batch names no key twice, and rows that are gone leave no hole", async () => {
    const kept = await keep(session());
    const missing = { root: id(), sid: id() };
    expect(await queries.sessions([kept, missing, kept])).toEqual([kept]);
    expect(await queries.sessions([])).toEqual([]);
  });

  test("a tree's rows come page by page, each as what it is", async () => {
    const root = await keep(session());
    const child = await keep(session({ root: root.root, depth: 1, sid: id() }));
    const held = offer(root);
    expect((await store.commit({ offer: held, replayEntries: [], record: record() })).ok).toBe(true);
    const rows = [];
    let after: string | undefined;
    do {
      const page = await queries.tree(root.root, after, 1);
      rows.push(...page.rows);
      after = page.next;
    } while (after !== undefined);
    expect(
      rows
        .filter((row) => row.kind === "session")
        .map((row) => row.session.sid)
        .sort(),
    ).toEqual([root.sid, child.sid].sort());
    expect(rows.flatMap((row) => (row.kind === "offer" ? [row.offer] : []))).toEqual([held]);
    expect(await queries.rootOf(child.sid)).toBe(root.root);
    expect(await queries.rootOf(root.sid)).toBeUndefined();
  });

  test("an offer in a tree is told as taken back by its tombstone, and no other is", async () => {
    const root = await keep(session());
    const [taken, open] = [offer(root), offer(root)];
    for (const held of [taken, open]) await store.commit({ offer: held, replayEntries: [], record: record() });
    const revocations = createRevocationStore(cloud.client, cloud.tables);
    expect((await revocations.revoke({ withdraw: taken, replayEntries: [], record: record() })).ok).toBe(true);
    const { rows } = await queries.tree(root.root, undefined, 100);
    const offers = rows.flatMap((row) => (row.kind === "offer" ? [[row.offer.handleHash, row.offer.withdrawn]] : []));
    expect(new Map(offers as [string, unknown][])).toEqual(
      new Map([
        [taken.handleHash, true],
        [open.handleHash, undefined],
      ]),
    );
  });

  test("counters are read by their sessions' names and no row of another kind is", async () => {
    const name = id();
    await cloud.client.send(
      new PutCommand({ TableName: "Counters", Item: { key: `uses#${name}`, use: "uses", left: 3, expiresAt: now } }),
    );
    await cloud.client.send(new PutCommand({ TableName: "Counters", Item: { key: name, use: "person" } }));
    expect(await queries.usesLeft([name, name, id()])).toEqual(new Map([[name, 3]]));
  });
});
