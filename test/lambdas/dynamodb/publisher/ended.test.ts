import { GetCommand, PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, test } from "vitest";
import { type PublishDeps, publishChanges, publishMinute, publishRows } from "../../../../core/endpoints/publisher.ts";
import { limits } from "../../../../core/model/limits.ts";
import { type Login, loginEpochs, loginOf } from "../../../../core/model/login.ts";
import type { Session } from "../../../../core/model/session.ts";
import { type Change, changeOf } from "../../../../core/status/changes.ts";
import { createRevocationStore } from "../../../../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { id, now, offer, planner, record, session } from "../../samples.ts";
import { childOf, cloud, cut, deps, newLeases, open, place, setUp, store, time, tombstoned, valid } from "./ground.ts";

setUp();

/** Denylists a login with a root and brings every row that was written, as the stream would. */
async function denylisted(login: Login): Promise<readonly Change[]> {
  const revocations = createRevocationStore(cloud.client, cloud.tables);
  const denylist = { logins: [login], session: id(), atSeconds: now };
  await revocations.revoke({ denylist, replayEntries: [], record: record() });
  const { Items = [] } = await cloud.client.send(new ScanCommand({ TableName: "Revocations" }));
  return Items.flatMap((row) => {
    const change = changeOf(row);
    expect(change).not.toBe("malformed");
    return typeof change === "string" ? [] : [change];
  });
}

describe("threat 32: a denylisted login", () => {
  const names = { issuer: "https://idp.example", subject: "ada", agent: planner };
  const login = (more: { authTimeSeconds?: number; sid?: string }) => loginOf({ ...names, ...more, document: id() });
  const under = (of: Login): Partial<Session> => {
    const epochs = Object.fromEntries(loginEpochs(of).map((subject) => [subject, 0]));
    return { login: of, epochs: { deployment: 0, [`agent:${planner}`]: 0, ...epochs } };
  };

  test("ends the trees of every root that shares a name with it, or names none, and no other", async () => {
    const revokedOne = login({ authTimeSeconds: 1_000, sid: "s" });
    const siblings = [revokedOne, login({ authTimeSeconds: 1_000 }), login({ sid: "s" }), login({})];
    const others = [login({ authTimeSeconds: 1_001, sid: "t" }), login({ sid: "t" })];
    const dead = await Promise.all(siblings.map((one) => open(under(one))));
    const below = await Promise.all(dead.map((root) => childOf(root)));
    const alive = await Promise.all([...others.map((one) => open(under(one))), open()]);
    const changes = await denylisted(revokedOne);
    // one for each name that anything is issued under; the document alone makes no walk
    expect(changes).toHaveLength(3);
    await publishChanges(changes, deps);
    await publishMinute(deps);
    expect(await Promise.all([...dead, ...below].map(valid))).toEqual(Array(8).fill(false));
    expect(await Promise.all(alive.map(valid))).toEqual([true, true, true]);
  });

  test("is found by its roots after they were renewed, and leaves what was opened since", async () => {
    const one = login({ sid: "s" });
    const root = await open({ ...under(one), expiresAtSeconds: now + 600 });
    const { sid, actors, principal, status } = root;
    const later = now + 3_000;
    await store.commit({
      renew: { root: sid, sid, actors, principal, login: one, status, wasSeconds: now + 600, expiresAtSeconds: later },
      replayEntries: [],
      record: record(),
    });
    time.seconds = now + 700;
    const changes = await denylisted(one);
    const since = await open({
      ...under(one),
      expiresAtSeconds: later,
      epochs: { deployment: 0, [String(one.sid)]: 1 },
    });
    await publishChanges(changes, deps);
    await publishMinute(deps);
    expect([await valid(root), await valid(since)]).toEqual([false, true]);
  });

  test("costs one read a name to find what hangs on it, of one partition", async () => {
    const changes = await denylisted(login({ authTimeSeconds: 1_000, sid: "s" }));
    cloud.taken();
    await publishChanges(changes, deps);
    const reads = cloud.taken().filter(({ operation }) => operation === "QueryCommand");
    expect(reads).toHaveLength(3);
  });
});

describe("a tombstone", () => {
  test("ends the session and all below it, and nothing beside or above", async () => {
    const root = await open();
    const [left, right] = [await childOf(root), await childOf(root)];
    const [below, stranger] = [await childOf(left), await open()];
    await store.commit({ offer: offer(left), replayEntries: [], record: record() });
    await publishChanges(await tombstoned(left), deps);
    expect(await Promise.all([root, right, stranger].map(valid))).toEqual([true, true, true]);
    expect(await Promise.all([left, below].map(valid))).toEqual([false, false]);
  });

  test("on the root ends the tree", async () => {
    const root = await open();
    const deep = await childOf(await childOf(await childOf(root)));
    await publishChanges(await tombstoned(root), deps);
    expect(await Promise.all([root, deep].map(valid))).toEqual([false, false]);
  });

  test("threat 6: a child born before the walk is caught by it", async () => {
    const root = await open();
    const changes = await tombstoned(root);
    const child = await childOf(root);
    await publishChanges(changes, deps);
    expect(await valid(child)).toBe(false);
  });

  test("threat 6: a child born during the walk is caught, or its issuer reads the tombstone first", async () => {
    const root = await open();
    const changes = await tombstoned(root);
    const children: Session[] = [];
    const tree = deps.store.tree;
    const racing: PublishDeps = {
      ...deps,
      store: {
        ...deps.store,
        tree: async (id) => {
          children.push(await childOf(root));
          const found = await tree(id);
          children.push(await childOf(root));
          return found;
        },
      },
    };
    await publishChanges(changes, racing);
    expect(children).toHaveLength(2);
    for (const child of children) {
      const rows = await store.readLiveness({ session: child, tombstones: [root.sid], subjects: [] });
      // the second read of issuance: what it sees dead is never released
      expect((await valid(child)) && !rows.tombstones.has(root.sid)).toBe(false);
    }
  });

  test("written again changes its row: the stream brings no write that changes nothing, and a lost walk would stay lost", async () => {
    const root = await open();
    const rows = [];
    for (let i = 0; i < 2; i++) {
      await tombstoned(root);
      const Key = { session: root.sid };
      rows.push((await cloud.client.send(new GetCommand({ TableName: "Tombstones", Key }))).Item);
    }
    expect(rows[0]).toMatchObject({ root: root.root, session: root.sid });
    expect(rows[1]).not.toEqual(rows[0]);
  });

  test("on a session whose root nobody knew is found by its id", async () => {
    const root = await open();
    const child = await childOf(root);
    const below = await childOf(child);
    const { sid } = child;
    await publishChanges([{ kind: "tombstone", root: sid, sid }], deps);
    expect(await Promise.all([root, child, below].map(valid))).toEqual([true, false, false]);
  });
});

describe("a cut of the deployment", () => {
  test("ends every place leased so far, in all windows, and nothing leased afterwards", async () => {
    const [soon, late] = [await open(), await open({ expiresAtSeconds: now + 40_000 })];
    await publishChanges(await cut(), deps);
    const made = session({ epochs: { deployment: 1 } });
    const after = { ...made, status: await place(made.expiresAtSeconds, 1) };
    expect(await Promise.all([soon, late, after].map(valid))).toEqual([false, false, true]);
  });

  test("spares what was opened after it, however late the publisher comes to it", async () => {
    const before = await open();
    const changes = await cut();
    const made = session({ epochs: { deployment: 1 } });
    const after = { ...made, status: await place(made.expiresAtSeconds, 1) };
    // an instance that has not read the cut: its issuer reads it before it releases anything
    await place(made.expiresAtSeconds, 0, newLeases());
    const late = {
      ...made,
      status: await place(made.expiresAtSeconds, 1, newLeases()),
    };
    await publishChanges(changes, deps);
    expect(await Promise.all([before, after, late].map(valid))).toEqual([false, true, true]);
    await publishChanges(await cut(), deps);
    expect(await Promise.all([before, after, late].map(valid))).toEqual([false, false, false]);
  });

  test("is not repeated by a registry's change on the same row", async () => {
    await open();
    await publishChanges(await cut(), deps);
    const fresh = session({ epochs: { deployment: 1 } });
    const after = { ...fresh, status: await place(fresh.expiresAtSeconds, 1) };
    const found = await cloud.client.send(
      new GetCommand({ TableName: "Revocations", Key: { subject: "deployment#0" } }),
    );
    await publishChanges(
      [changeOf({ ...found.Item, registryVersion: 9 })].filter((c) => typeof c !== "string"),
      deps,
    );
    await publishMinute(deps);
    expect(await valid(after)).toBe(true);
  });

  test("reaches into a window's second list", async () => {
    const Item = { root: "status#2026080100", sid: "lease", position: limits.statusListSize + 640, expiresAt: now };
    await cloud.client.send(new PutCommand({ TableName: "Sessions", Item }));
    await publishChanges(await cut(), deps);
    const at = (n: number, idx: number) => valid(session({ status: { list: `2026080100-${n}`, idx } }));
    expect(await Promise.all([at(0, 0), at(0, 65_535), at(1, 639), at(1, 640)])).toEqual([false, false, false, true]);
  });
});

describe("rows of the stream", () => {
  test.each([
    [{ subject: "deployment#3", generation: 2 }, "other"],
    [{ subject: "standing#agent:a", blocked: false }, "other"],
    // no session was ever issued under less: a registry's first version writes the deployment's row so
    [{ subject: "deployment#0", generation: 0, registryVersion: 1 }, "other"],
    [{ subject: "standing#agent:a", generation: 0 }, "other"],
    [{ subject: "standing#agent:a", generation: "2" }, "malformed"],
    [{ subject: "standing#" }, "malformed"],
    [{ subject: "standing#other:a", generation: 1 }, "malformed"],
    [{ session: "a" }, "malformed"],
    [{ session: "offer#a", root: "r" }, "other"],
    [{ session: "a", root: 1 }, "malformed"],
    [{ session: 1, root: "r" }, "malformed"],
    // whatever else a row of Tombstones holds, it ends its session and raises nobody's counter
    [
      { session: "a", root: "r", subject: "deployment#0", generation: 9 },
      { kind: "tombstone", root: "r", sid: "a" },
    ],
    [{}, "malformed"],
    [
      { session: "a", root: "r" },
      { kind: "tombstone", root: "r", sid: "a" },
    ],
    [
      { subject: "deployment#0", generation: 2 },
      { kind: "deployment", epoch: 2 },
    ],
  ])("%j is read as %j", (row, change) => {
    expect(changeOf(row)).toEqual(change);
  });

  test("that cannot be read is told of by its place, and keeps no other revocation from its list", async () => {
    const session = await open();
    const { root, sid } = session;
    const told: unknown[] = [];
    const rows = [
      { at: "7", image: { session: 1, root } },
      { at: "8", image: { session: "offer#a", root } },
      { at: "9", image: { session: sid, root } },
    ];
    await publishRows(rows, deps, (at) => told.push(at));
    await publishMinute(deps);
    expect(told).toEqual(["7"]);
    expect(await valid(session)).toBe(false);
  });
});
