import { describe, expect, test } from "vitest";
import { type PublishDeps, publishChanges, publishMinute } from "../../../../core/endpoints/publisher.ts";
import type { Session } from "../../../../core/model/session.ts";
import { createPublishStore } from "../../../../lambdas/aws/dynamodb/lists/publish-store.ts";
import { id, now, offer, planner, record, researcher, session } from "../../samples.ts";
import {
  begin,
  childOf,
  cloud,
  deps,
  hangs,
  open,
  place,
  raised,
  setUp,
  store,
  time,
  tombstoned,
  valid,
} from "./ground.ts";

setUp();

describe("a raised epoch", () => {
  test("of an agent ends what it does, and what hangs below it however far", async () => {
    const root = await open();
    const child = await childOf(root);
    const other = await open({ actors: ["spiffe://acme.example/agent/other"], epochs: { deployment: 0 } });
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
    const one = await open({ principal: { id: person, kind: "person" }, epochs: { [`principal:${person}`]: 0 } });
    const two = await open({ build, epochs: { [`build:${build}`]: 0 } });
    await publishChanges([...(await raised(`principal:${person}`)), ...(await raised(`build:${build}`))], deps);
    expect(await Promise.all([one, two].map(valid))).toEqual([false, false]);
  });

  test("leaves sessions issued after the cut alone", async () => {
    const before = await open();
    const changes = await raised(`agent:${planner}`);
    const after = await open({ epochs: { [`agent:${planner}`]: 1 } });
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
      const made = await open({ build: "sha256:bad", epochs: { [subject]: 0 } });
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
      expect((await valid(one)) && rows.epochs.get(subject)?.epoch === 0).toBe(false);
    }
  });

  test("finds every one of more sessions than a page of answers holds", async () => {
    const subject = `agent:${planner}`;
    const made = await open();
    const rows = Array.from({ length: 200 }, () =>
      session({ ...made, sid: id(), root: id(), expiresAtSeconds: now + 900 }),
    );
    for (const row of rows) await store.commit({ session: row, replayEntries: [], record: record() });
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
    await store.commit({ session: made, replayEntries: [], record: record() });
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
      // a second for every ten trees
      if (trees++ % 10 === 0) {
        time.seconds += 1;
        if (trees > 1) seen.push((await Promise.all(sessions.map(valid))).filter((alive) => !alive).length);
      }
      return deps.store.tree(root);
    };
    await publishMinute(deps);
    await publishChanges(await raised(`agent:${planner}`), { ...deps, store: { ...deps.store, tree } });
    expect(seen).toEqual(seen.toSorted((one, other) => one - other));
    expect(seen.at(-1)).toBeGreaterThan(10);
    expect((await Promise.all(sessions.map(valid))).filter((alive) => alive)).toEqual([]);
  });

  test("that comes again while it is walked is not forgotten by the first's end", async () => {
    const subject = `agent:${planner}`;
    const [first] = await raised(subject);
    if (first?.kind !== "raised") throw new Error("no change");
    const due = { change: first, sinceSeconds: now };
    await deps.store.addDue(due);
    await deps.store.addDue({ change: { ...first, epoch: 2 }, sinceSeconds: now + 1 });
    await deps.store.removeDue(due);
    expect(await deps.store.dues()).toMatchObject([{ sinceSeconds: now + 1, change: { epoch: 2 } }]);
  });

  test.each(["fails", "does not end"])(
    "whose walk %s each minute keeps no other from being walked again",
    async (how) => {
      const [stuck, other] = [
        await open(),
        await open({ actors: [researcher], epochs: { [`agent:${researcher}`]: 0 } }),
      ];
      for (const agent of [planner, researcher]) {
        const [change] = await raised(`agent:${agent}`);
        if (change?.kind !== "raised") throw new Error("no change");
        await deps.store.addDue({ change, sinceSeconds: now - 600 });
      }
      const tree = (root: string) => {
        if (root !== stuck.root) return deps.store.tree(root);
        return how === "fails" ? Promise.reject(new Error("broken row")) : hangs();
      };
      const minute = publishMinute({ ...deps, store: { ...deps.store, tree } });
      if (how === "fails") await expect(minute).rejects.toThrow("broken row");
      else begin(minute);
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
    time.seconds += 60;
    await publishMinute(deps);
    expect(await valid(made), "another run may still be at it").toBe(true);
    for (let minute = 0; minute < 3; minute++) {
      time.seconds += 60;
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
    time.seconds += 200;
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
    let walked = 0;
    const tree = (root: string) => {
      walked += 1;
      return root === other.root ? deps.store.tree(root) : hangs();
    };
    // three groups, all of which hang: within three minutes each was first once
    for (let minute = 0; minute < 3; minute++) {
      const before = walked;
      begin(publishMinute({ ...deps, store: { ...deps.store, tree } }));
      // as many as are walked side by side are under way
      await expect.poll(() => walked - before).toBeGreaterThan(15);
      time.seconds += 60;
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
      await store.commit({ offer: offer({ ...made, grants }, { grants }), replayEntries: [], record: record() });
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
