import { GetCommand, PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { fc } from "@fast-check/vitest";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type PublishDeps, publishChanges, publishMinute } from "../../core/endpoints/publisher.ts";
import { limits } from "../../core/model/limits.ts";
import { type Login, loginEpochs, loginOf } from "../../core/model/login.ts";
import type { Session } from "../../core/model/session.ts";
import type { RevocationWrite, SessionStore } from "../../core/session/store.ts";
import { type Change, changeOf } from "../../core/status/changes.ts";
import { openWindows, parseList, windowEndsAtSeconds, windowOf } from "../../core/status/windows.ts";
import { decodeStatusList, statusAt } from "../../core/verify/status-list.ts";
import { createListReader } from "../../lambdas/aws/dynamodb/lists/lists.ts";
import { createPublishStore } from "../../lambdas/aws/dynamodb/lists/publish-store.ts";
import { createStatusLeases, type StatusLeases } from "../../lambdas/aws/dynamodb/lists/status-leases.ts";
import { createRevocationStore } from "../../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { createSessionStore } from "../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { testSigner } from "../kit/keys.ts";
import { testKey } from "../kit/wire/key.ts";
import { id, now, offer, planner, record, researcher, session } from "./samples.ts";
import { type Cloud, openCloud } from "./tables.ts";

const issuer = "https://abc123.lambda-url.eu-west-1.on.aws";
let cloud: Cloud;
let store: SessionStore;
let deps: PublishDeps;
let leases: StatusLeases;
/** An instance's leases that do not ask whether the list is signed: what the publisher meets before its first run. */
const newLeases = () => createStatusLeases(cloud.client, cloud.tables, async () => true);
async function place(expiresAtSeconds: number, generation: number, from = leases): Promise<Session["status"]> {
  const leased = await from.lease(expiresAtSeconds, generation);
  if (!leased) throw new Error("no place");
  return leased;
}
let seconds = now;
beforeEach(async () => {
  seconds = now;
  cloud = await openCloud();
  const clock = { nowMillis: () => seconds * 1000 };
  store = createSessionStore(cloud.client, cloud.tables, clock);
  leases = newLeases();
  const signer = testSigner("status", await testKey());
  deps = { clock, issuer, signer, store: createPublishStore(cloud.client, cloud.tables) };
});
afterEach(() => cloud.close());

/** Opens a session with a place of its own. */
async function open(more: Partial<Session> = {}): Promise<Session> {
  const expiresAtSeconds = more.expiresAtSeconds ?? now + 900;
  const made = session({ ...more, expiresAtSeconds, status: await place(expiresAtSeconds, 0) });
  await store.commit({ session: made, markers: [], record: record() });
  return made;
}
const childOf = (parent: Session, more: Partial<Session> = {}) =>
  open({
    root: parent.root,
    anc: parent.sid === parent.root ? [] : [...parent.anc, parent.sid],
    depth: parent.depth + 1,
    actors: [...parent.actors, researcher],
    generations: { ...parent.generations, [`agent:${researcher}`]: 0 },
    ...more,
  });

/** Revokes as `revoke` does and brings the row as the stream would. */
async function revoked(
  write: Omit<RevocationWrite, "markers" | "record">,
  row: { readonly session: string } | { readonly subject: string },
): Promise<readonly Change[]> {
  await createRevocationStore(cloud.client, cloud.tables).revoke({ ...write, markers: [], record: record() });
  const found = await cloud.client.send(
    new GetCommand({ TableName: "session" in row ? "Tombstones" : "Revocations", Key: row }),
  );
  const change = changeOf(found.Item ?? {});
  return typeof change === "string" ? [] : [change];
}
const tombstoned = ({ root, sid, expiresAtSeconds }: Session) =>
  revoked({ tombstone: { root, sid, expiresAtSeconds } }, { session: sid });
const raised = (subject: string) =>
  revoked({ raise: { subject, block: true, atSeconds: now } }, { subject: `standing#${subject}` });
/** Burns a login with a root and brings every row that was written, as the stream would. */
async function burnt(login: Login): Promise<readonly Change[]> {
  const revocations = createRevocationStore(cloud.client, cloud.tables);
  const burn = { logins: [login], session: id(), atSeconds: now };
  await revocations.revoke({ burn, markers: [], record: record() });
  const { Items = [] } = await cloud.client.send(new ScanCommand({ TableName: "Revocations" }));
  return Items.flatMap((row) => {
    const change = changeOf(row);
    expect(change).not.toBe("malformed");
    return typeof change === "string" ? [] : [change];
  });
}
const cut = () =>
  revoked({ raise: { subject: "deployment", block: false, atSeconds: now } }, { subject: "deployment#0" });

const token = (list: string) => createListReader(cloud.client, "Lists", deps.clock).read(list);
/** What a verifier that only knows the standard sees. */
async function valid({ status }: Session): Promise<boolean> {
  const signed = await token(status.list);
  if (signed === undefined) throw new Error(`nobody signed ${status.list}`);
  const { status_list } = decodeJwt(signed) as { status_list: { bits: number; lst: string } };
  const bits = decodeStatusList(status_list.lst, status_list.bits);
  if (!bits.ok) throw new Error(bits.error);
  const value = statusAt(bits.value, status.idx);
  return value.ok && value.value === 0;
}

describe("threat 32: a burnt login", () => {
  const names = { issuer: "https://idp.example", subject: "ada", agent: planner };
  const login = (more: { authTimeSeconds?: number; sid?: string }) => loginOf({ ...names, ...more, document: id() });
  const under = (of: Login): Partial<Session> => {
    const epochs = Object.fromEntries(loginEpochs(of).map((subject) => [subject, 0]));
    return { login: of, generations: { deployment: 0, [`agent:${planner}`]: 0, ...epochs } };
  };

  test("ends the trees of every root that shares a name with it, or names none, and no other", async () => {
    const revokedOne = login({ authTimeSeconds: 1_000, sid: "s" });
    const siblings = [revokedOne, login({ authTimeSeconds: 1_000 }), login({ sid: "s" }), login({})];
    const others = [login({ authTimeSeconds: 1_001, sid: "t" }), login({ sid: "t" })];
    const dead = await Promise.all(siblings.map((one) => open(under(one))));
    const below = await Promise.all(dead.map((root) => childOf(root)));
    const alive = await Promise.all([...others.map((one) => open(under(one))), open()]);
    const changes = await burnt(revokedOne);
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
      markers: [],
      record: record(),
    });
    seconds = now + 700;
    const changes = await burnt(one);
    const since = await open({
      ...under(one),
      expiresAtSeconds: later,
      generations: { deployment: 0, [String(one.sid)]: 1 },
    });
    await publishChanges(changes, deps);
    await publishMinute(deps);
    expect([await valid(root), await valid(since)]).toEqual([false, true]);
  });

  test("costs one read a name to find what hangs on it, of one partition", async () => {
    const changes = await burnt(login({ authTimeSeconds: 1_000, sid: "s" }));
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
    await store.commit({ offer: offer(left), markers: [], record: record() });
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

describe("a raised generation", () => {
  test("of an agent ends what it does, and what hangs below it however far", async () => {
    const root = await open();
    const child = await childOf(root);
    const other = await open({ actors: ["spiffe://acme.example/agent/other"], generations: { deployment: 0 } });
    await publishChanges(await raised(`agent:${planner}`), deps);
    await publishMinute(deps);
    expect(await Promise.all([root, child, other].map(valid))).toEqual([false, false, true]);
  });

  test("of an agent in the middle leaves what stands above it", async () => {
    const root = await open();
    const child = await childOf(root);
    await publishChanges(await raised(`agent:${researcher}`), deps);
    await publishMinute(deps);
    expect(await Promise.all([root, child].map(valid))).toEqual([true, false]);
  });

  test("of a principal or a build ends its sessions", async () => {
    const [person, build] = ["p_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", "sha256:bad"];
    const one = await open({ principal: { id: person, kind: "person" }, generations: { [`principal:${person}`]: 0 } });
    const two = await open({ build, generations: { [`build:${build}`]: 0 } });
    await publishChanges([...(await raised(`principal:${person}`)), ...(await raised(`build:${build}`))], deps);
    expect(await Promise.all([one, two].map(valid))).toEqual([false, false]);
  });

  test("leaves sessions issued after the cut alone", async () => {
    const before = await open();
    const changes = await raised(`agent:${planner}`);
    const after = await open({ generations: { [`agent:${planner}`]: 1 } });
    await publishChanges(changes, deps);
    expect(await Promise.all([before, after].map(valid))).toEqual([false, true]);
  });

  test("walks only trees that still live, not the many that TTL has not taken yet", async () => {
    const old = await open({ expiresAtSeconds: now - 3_600 });
    const live = await open();
    const walked: string[] = [];
    const tree = (root: string) => {
      walked.push(root);
      return deps.store.tree(root);
    };
    await publishChanges(await raised(`agent:${planner}`), { ...deps, store: { ...deps.store, tree } });
    expect(walked).toEqual([live.root]);
    expect(walked).not.toContain(old.root);
  });

  test.each([
    ["agent", `agent:${planner}`],
    ["principal", "principal:p_abcdefghijklmnopqrstuvwxyz234567"],
    ["build", "build:sha256:bad"],
  ])(
    "threat 6: of %s is walked by strongly consistent reads of tables alone: no index may hide a session",
    async (_, subject) => {
      const made = await open({ build: "sha256:bad", generations: { [subject]: 0 } });
      const changes = await raised(subject);
      cloud.taken();
      await publishChanges(changes, deps);
      const reads = cloud.taken().filter(({ operation }) => /Query|Get/.test(operation));
      expect(reads.length).toBeGreaterThan(16);
      for (const { input } of reads) {
        expect(input).toMatchObject({ ConsistentRead: true });
        expect(input).not.toHaveProperty("IndexName");
      }
      expect(await valid(made)).toBe(false);
    },
  );

  test("threat 6: a session stored while the walk runs is caught, or its issuer reads the cut first", async () => {
    const subject = `agent:${planner}`;
    await open();
    const changes = await raised(subject);
    const born: Session[] = [];
    const sessions = deps.store.sessions;
    const racing: PublishDeps = {
      ...deps,
      store: {
        ...deps.store,
        async *sessions(...args) {
          born.push(await open());
          yield* sessions(...args);
          born.push(await open());
        },
      },
    };
    await publishChanges(changes, racing);
    expect(born).toHaveLength(2);
    for (const one of born) {
      const rows = await store.readLiveness({ session: one, tombstones: [], subjects: [subject] });
      // the second read of issuance: what it sees dead is never released
      expect((await valid(one)) && rows.epochs.get(subject)?.generation === 0).toBe(false);
    }
  });

  test("finds every one of more sessions than a page of answers holds", async () => {
    const subject = `agent:${planner}`;
    const made = await open();
    const rows = Array.from({ length: 200 }, () =>
      session({ ...made, sid: id(), root: id(), expiresAtSeconds: now + 900 }),
    );
    for (const row of rows) await store.commit({ session: row, markers: [], record: record() });
    const small: typeof cloud.client.send = ((command: {
      input: { KeyConditionExpression?: string; Limit?: number };
    }) => {
      if (command.input.KeyConditionExpression) command.input.Limit = 3;
      return cloud.client.send(command as never);
    }) as never;
    const paged = createPublishStore(Object.assign(Object.create(cloud.client), { send: small }), cloud.tables);
    const found = new Set<string>();
    for await (const { sid } of paged.sessions(subject, now)) found.add(sid);
    expect(found).toEqual(new Set([made, ...rows].map(({ sid }) => sid)));
  });

  test("of a renewed session sets every bit that a living token of it names, and no other", async () => {
    const before = await place(now + 900, 0);
    const older = await place(now + 900, 0);
    const formerStatus = [
      { ...before, untilSeconds: now + 300 },
      { ...older, untilSeconds: now },
    ];
    const status = await place(now + 7_200, 0);
    const made = { ...session({ expiresAtSeconds: now + 7_200, status }), formerStatus };
    await store.commit({ session: made, markers: [], record: record() });
    await publishChanges(await raised(`agent:${planner}`), deps);
    expect(await valid(made)).toBe(false);
    expect(await valid({ ...made, status: before })).toBe(false);
    expect(await deps.store.revoked(older.list)).toEqual(new Set([before.idx]));
  });

  test("of a busy agent shows what its walk has found while it goes on", async () => {
    const sessions = await Promise.all(Array.from({ length: 70 }, () => open()));
    const seen: number[] = [];
    let trees = 0;
    const tree = async (root: string) => {
      // each group of trees takes more than a second
      if (trees++ % 32 === 0) {
        seconds += 2;
        if (trees > 1) seen.push((await Promise.all(sessions.map(valid))).filter((alive) => !alive).length);
      }
      return deps.store.tree(root);
    };
    await publishMinute(deps);
    await publishChanges(await raised(`agent:${planner}`), { ...deps, store: { ...deps.store, tree } });
    expect(seen).toEqual([32, 64]);
    expect((await Promise.all(sessions.map(valid))).filter((alive) => alive)).toEqual([]);
  });

  test("that comes again while it is walked is not forgotten by the first's end", async () => {
    const subject = `agent:${planner}`;
    const [first] = await raised(subject);
    if (first?.kind !== "raised") throw new Error("no change");
    const due = { change: first, sinceSeconds: now };
    await deps.store.addDue(due);
    await deps.store.addDue({ change: { ...first, generation: 2 }, sinceSeconds: now + 1 });
    await deps.store.removeDue(due);
    expect(await deps.store.dues()).toMatchObject([{ sinceSeconds: now + 1, change: { generation: 2 } }]);
  });

  test.each(["fails", "does not end"])(
    "whose walk %s each minute keeps no other from being walked again",
    async (how) => {
      const [stuck, other] = [
        await open(),
        await open({ actors: [researcher], generations: { [`agent:${researcher}`]: 0 } }),
      ];
      for (const agent of [planner, researcher]) {
        const [change] = await raised(`agent:${agent}`);
        if (change?.kind !== "raised") throw new Error("no change");
        await deps.store.addDue({ change, sinceSeconds: now - 600 });
      }
      const tree = (root: string) => {
        if (root !== stuck.root) return deps.store.tree(root);
        return how === "fails" ? Promise.reject(new Error("broken row")) : new Promise<never>(() => undefined);
      };
      const minute = publishMinute({ ...deps, store: { ...deps.store, tree } });
      if (how === "fails") await expect(minute).rejects.toThrow("broken row");
      await expect.poll(() => deps.store.dues()).toMatchObject([{ change: { subject: `agent:${planner}` } }]);
      expect(await valid(other)).toBe(false);
    },
  );

  test("threat 48: whose walk failed for good is begun again by the minute's run, a single session's too", async () => {
    const made = await open();
    const changes = await tombstoned(made);
    const tree = () => Promise.reject(new Error("throttled"));
    const broken = { ...deps, store: { ...deps.store, tree } };
    for (let i = 0; i < 7; i++) await expect(publishChanges(changes, broken)).rejects.toThrow("throttled");
    seconds += 60;
    await publishMinute(deps);
    expect(await valid(made), "another run may still be at it").toBe(true);
    for (let minute = 0; minute < 3; minute++) {
      seconds += 60;
      // each minute's run fails, and so rings, for as long as the walk does
      if (minute > 0) await expect(publishMinute(broken)).rejects.toThrow("throttled");
    }
    await publishMinute(deps);
    expect(await valid(made)).toBe(false);
    expect(await deps.store.dues()).toEqual([]);
  });

  test("threat 48: that is cut off between its bits and its lists is begun again", async () => {
    const made = await open();
    const putSigned = () => Promise.reject(new Error("out of time"));
    const broken = { ...deps, store: { ...deps.store, putSigned } };
    await expect(publishChanges(await tombstoned(made), broken)).rejects.toThrow("out of time");
    seconds += 200;
    await publishMinute(deps);
    expect([await valid(made), await deps.store.dues()]).toEqual([false, []]);
  });

  test("threat 48: keeps no other of its batch back", async () => {
    const [stuck, other] = [await open(), await open()];
    const tree = (root: string) =>
      root === stuck.root ? Promise.reject(new Error("broken row")) : deps.store.tree(root);
    const changes = [...(await tombstoned(stuck)), ...(await tombstoned(other))];
    await expect(publishChanges(changes, { ...deps, store: { ...deps.store, tree } })).rejects.toThrow("broken row");
    expect([await valid(stuck), await valid(other)]).toEqual([true, false]);
    expect(await deps.store.dues()).toMatchObject([{ change: { sid: stuck.sid } }]);
  });

  test("threat 48: keeps none back for good though more stay unfinished than are walked side by side", async () => {
    const other = await open();
    for (let i = 0; i < 80; i++) {
      const sid = id();
      await deps.store.addDue({ change: { kind: "tombstone", root: sid, sid }, sinceSeconds: now - 600 });
    }
    const [change] = await tombstoned(other);
    if (change?.kind !== "tombstone") throw new Error("no change");
    await deps.store.addDue({ change, sinceSeconds: now - 600 });
    const tree = (root: string) => (root === other.root ? deps.store.tree(root) : new Promise<never>(() => undefined));
    // three groups, all of which hang: within three minutes each was first once
    for (let minute = 0; minute < 3; minute++) {
      void publishMinute({ ...deps, store: { ...deps.store, tree } });
      await new Promise((resolve) => setTimeout(resolve, 500)); // clock: one minute of the publisher
      seconds += 60;
    }
    await expect.poll(() => valid(other)).toBe(false);
  });

  test("threat 34: is walked in as many reads, whatever its agent stored beside it", async () => {
    const made = await open();
    const changes = await tombstoned(made);
    const reads = async () => {
      cloud.taken();
      await publishChanges(changes, deps);
      return cloud.taken().filter(({ operation }) => operation === "QueryCommand").length;
    };
    const before = await reads();
    const details = [{ type: "t", texts: Array.from({ length: 60 }, () => "x".repeat(120)) }];
    const grants = made.grants.map((grant) => ({ ...grant, details }));
    for (let i = 0; i < 100; i++)
      await store.commit({ offer: offer({ ...made, grants }, { grants }), markers: [], record: record() });
    expect(await reads()).toBe(before);
    expect((await createPublishStore(cloud.client, cloud.tables).tree(made.root)).map(({ sid }) => sid)).toEqual([
      made.sid,
    ]);
  });

  test("leaves nothing to be walked again when its walk is done", async () => {
    await open();
    await publishChanges(await raised(`agent:${planner}`), deps);
    expect(await deps.store.dues()).toEqual([]);
  });
});

describe("a cut of the deployment", () => {
  test("ends every place leased so far, in all windows, and nothing leased afterwards", async () => {
    const [soon, late] = [await open(), await open({ expiresAtSeconds: now + 40_000 })];
    await publishChanges(await cut(), deps);
    const made = session({ generations: { deployment: 1 } });
    const after = { ...made, status: await place(made.expiresAtSeconds, 1) };
    expect(await Promise.all([soon, late, after].map(valid))).toEqual([false, false, true]);
  });

  test("spares what was opened after it, however late the publisher comes to it", async () => {
    const before = await open();
    const changes = await cut();
    const made = session({ generations: { deployment: 1 } });
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
    const fresh = session({ generations: { deployment: 1 } });
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
    const Item = { root: "status#2026080100", sid: "lease", position: limits.statusListSize + 640 };
    await cloud.client.send(new PutCommand({ TableName: "Sessions", Item }));
    await publishChanges(await cut(), deps);
    const at = (n: number, idx: number) => valid(session({ status: { list: `2026080100-${n}`, idx } }));
    expect(await Promise.all([at(0, 0), at(0, 65_535), at(1, 639), at(1, 640)])).toEqual([false, false, false, true]);
  });
});

describe("a list", () => {
  test("is signed by the standard, two minutes at most", async () => {
    const made = await open();
    await publishMinute(deps);
    const signed = (await token(made.status.list)) ?? "";
    const { kid } = await deps.signer.current("ES256");
    expect(decodeProtectedHeader(signed)).toEqual({ alg: "ES256", kid, typ: "statuslist+jwt" });
    expect(decodeJwt(signed)).toMatchObject({
      sub: `${issuer}/status/${made.status.list}`,
      iat: now,
      exp: now + 120,
      ttl: 5,
      status_list: { bits: 1, aggregation_uri: `${issuer}/status` },
    });
  });

  test("threat 26: is signed anew each minute, and is there before the first token names it", async () => {
    await publishMinute(deps);
    const { list } = session({ status: { list: `${windowOf(now + 3_600)}-0`, idx: 0 } }).status;
    const first = (await token(list)) ?? "";
    seconds += 60;
    await publishMinute(deps);
    expect(decodeJwt((await token(list)) ?? "").iat).toBe((decodeJwt(first).iat ?? 0) + 60);
  });

  test("is signed for as far ahead as sessions are opened, and one hour more", async () => {
    await open({ expiresAtSeconds: now + 6 * 3_600 });
    await publishMinute(deps);
    const there = await Promise.all(openWindows(now).map(async (w) => (await token(`${w}-0`)) !== undefined));
    expect(there).toEqual([true, true, true, true, true, true, true, true, false, false, false, false, false]);
  });

  test.each([
    [undefined, 900],
    [3_600, 3_600],
    [6 * 3_600, 6 * 3_600],
    [43_200, 43_200],
  ])(
    "is there before the first session that a registry of longest life %s s can open, until the publisher comes again",
    async (longestLifeSeconds, lifeSeconds) => {
      const Item = {
        subject: "deployment#0",
        registryVersion: 1,
        ...(longestLifeSeconds ? { longestLifeSeconds } : {}),
      };
      await cloud.client.send(new PutCommand({ TableName: "Revocations", Item }));
      // the worst moment: the next run falls into another hour
      for (const start of [now, windowEndsAtSeconds(windowOf(now)) - 30]) {
        seconds = start;
        await publishMinute(deps);
        for (; seconds <= start + 60; seconds += 15)
          for (const life of [1, 60, 900, lifeSeconds])
            expect(
              await store.leaseStatus(seconds + life, 0),
              `${seconds - start} s later, life ${life}`,
            ).toBeDefined();
      }
    },
  );

  test("is signed no further ahead than the registry reaches, since each costs a signature a minute", async () => {
    const Item = { subject: "deployment#0", registryVersion: 1, longestLifeSeconds: 3_600 };
    await cloud.client.send(new PutCommand({ TableName: "Revocations", Item }));
    await publishMinute(deps);
    expect(await createListReader(cloud.client, "Lists", deps.clock).open()).toHaveLength(2);
  });

  test("of a far hour is named by no token right after boot, and by the first one after the publisher's next run", async () => {
    const far = now + 9 * 3_600;
    const asked = () => store.leaseStatus(far, 0);
    expect(await asked()).toBeUndefined();
    expect(await asked()).toBeUndefined();
    seconds += 60;
    await publishMinute(deps);
    const named = await asked();
    expect(named?.list).toBe(`${windowOf(far)}-0`);
    expect(await token(named?.list ?? "")).toBeDefined();
    // and it stays signed as long as its hour lasts
    seconds += 8 * 3_600;
    await publishMinute(deps);
    expect(decodeJwt((await token(named?.list ?? "")) ?? "").iat).toBe(seconds);
  });

  test("past three quarters of a list the next one is signed, before any token names it", async () => {
    const window = windowOf(now + 900);
    const position = limits.statusListSize * 0.75;
    await cloud.client.send(
      new PutCommand({ TableName: "Sessions", Item: { root: `status#${window}`, sid: "lease", position } }),
    );
    await publishMinute(deps);
    expect(await token(`${window}-1`)).toBeDefined();
  });

  test("is named by no new block when the publisher has been dead for two minutes", async () => {
    await publishMinute(deps);
    const instance = () => createSessionStore(cloud.client, cloud.tables, deps.clock).leaseStatus(now + 900, 0);
    seconds += 119;
    expect(await instance()).toBeDefined();
    seconds += 1;
    expect(await instance()).toBeUndefined();
  });

  test("is named among the open ones, and dies with its hour: neither named nor served, whatever TTL still keeps", async () => {
    const made = await open();
    await publishMinute(deps);
    const reader = createListReader(cloud.client, "Lists", deps.clock);
    const named = await reader.open();
    expect(named).toContain(made.status.list);
    expect((await Promise.all(named.map((list) => reader.read(list)))).filter((it) => it === undefined)).toEqual([]);
    seconds = windowEndsAtSeconds(parseList(made.status.list)?.window ?? "");
    expect(await reader.open()).not.toContain(made.status.list);
    expect(await reader.read(made.status.list)).toBeUndefined();
  });

  test("is not replaced by a staler one that was slower", async () => {
    const [one, two] = [await open(), await open()];
    const slow = deps.store.putSigned;
    let held: () => Promise<void> = async () => {};
    const slower: PublishDeps = {
      ...deps,
      store: {
        ...deps.store,
        putSigned: async (...args) => {
          held = () => slow(...args);
        },
      },
    };
    await publishChanges(await tombstoned(one), slower);
    await publishChanges(await tombstoned(two), deps);
    await held();
    expect(await Promise.all([one, two].map(valid))).toEqual([false, false]);
  });

  test("loses no bit when two publishers set some at the same time", async () => {
    const sessions = await Promise.all(Array.from({ length: 12 }, () => open()));
    const changes = await Promise.all(sessions.map(tombstoned));
    await Promise.all(changes.map((change) => publishChanges(change, deps)));
    await publishMinute(deps);
    expect((await Promise.all(sessions.map(valid))).filter((alive) => alive)).toEqual([]);
  });

  test("threat 26: is signed though a walk fails again and again, so that no verifier is left without lists", async () => {
    const one = await open();
    const tree = () => Promise.reject(new Error("too large a tree"));
    const failing = { ...deps, store: { ...deps.store, tree } };
    await expect(publishChanges(await raised(`agent:${planner}`), failing)).rejects.toThrow("too large");
    seconds += 300;
    await expect(publishMinute(failing)).rejects.toThrow("too large");
    expect(decodeJwt((await token(one.status.list)) ?? "").iat).toBe(now + 300);
    expect(await deps.store.dues()).toHaveLength(1);
  });

  test("shows a session's end before an agent's many trees are walked, and a walk cut off is not forgotten", async () => {
    const [one, many] = [
      await open(),
      await open({ actors: [researcher], generations: { [`agent:${researcher}`]: 0 } }),
    ];
    const changes = [...(await raised(`agent:${researcher}`)), ...(await tombstoned(one))];
    const tree = (root: string) =>
      root === many.root ? Promise.reject(new Error("out of time")) : deps.store.tree(root);
    await expect(publishChanges(changes, { ...deps, store: { ...deps.store, tree } })).rejects.toThrow("out of time");
    expect(await deps.store.revoked(one.status.list)).toEqual(new Set([one.status.idx]));
    seconds += 60;
    await publishMinute(deps);
    // it may be running still
    expect(await deps.store.dues()).toHaveLength(1);
    seconds += 240;
    await publishMinute(deps);
    expect(await Promise.all([one, many].map(valid))).toEqual([false, false]);
    expect(await deps.store.dues()).toEqual([]);
  });

  test("stays as it is when the same change comes twice", async () => {
    const one = await open();
    const changes = await tombstoned(one);
    await publishChanges(changes, deps);
    await publishChanges([...changes, ...changes], deps);
    expect(await deps.store.revoked(one.status.list)).toEqual(new Set([one.status.idx]));
  });
});

describe("rows of the stream", () => {
  test.each([
    [{ subject: "deployment#3", generation: 2 }, "other"],
    [{ subject: "standing#agent:a", blocked: false }, "other"],
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
      { kind: "deployment", generation: 2 },
    ],
  ])("%j is read as %j", (row, change) => {
    expect(changeOf(row)).toEqual(change);
  });
});

describe("windows", () => {
  test("hold every session's end, and are over only after it", () => {
    fc.assert(
      fc.property(fc.integer({ min: now, max: now + 400 * 86_400 }), (end) => {
        const window = windowOf(end);
        expect(windowEndsAtSeconds(window)).toBeGreaterThan(end);
        expect(windowEndsAtSeconds(window) - end).toBeLessThanOrEqual(3_600);
      }),
    );
  });

  test("open now hold the end of any session opened now, of the longest life too", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: now, max: now + 86_400 }),
        fc.integer({ min: 0, max: limits.sessionLifeMaxSeconds }),
        (at, life) => {
          expect(openWindows(at)).toContain(windowOf(at + life));
        },
      ),
    );
  });

  test.each(["", "2026080100", "2026080100-", "2026080100-00", "2026080100-1x", `${id()}-0`])(
    "%j is no list",
    (list) => {
      expect(parseList(list)).toBeUndefined();
    },
  );
});
