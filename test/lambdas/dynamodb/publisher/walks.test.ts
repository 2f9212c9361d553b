import { describe, expect, test } from "vitest";
import { type PublishDeps, publishChanges, publishMinute } from "../../../../core/endpoints/publisher.ts";
import type { Session } from "../../../../core/model/session.ts";
import { now, planner, researcher } from "../../samples.ts";
import { begin, childOf, deps, hangs, open, raised, setUp, time, tombstoned, valid } from "./ground.ts";

setUp();

const subject = `agent:${planner}`;
const many = (count: number) => Promise.all(Array.from({ length: count }, () => open()));
const living = async (sessions: readonly Session[]) =>
  (await Promise.all(sessions.map(valid))).filter((alive) => alive).length;
const withTree = (tree: PublishDeps["store"]["tree"]): PublishDeps => ({ ...deps, store: { ...deps.store, tree } });

describe("a walk", () => {
  test("threat 53: finds what a person's agents do for others, and what the same person asks of an own agent, and nothing else", async () => {
    const owner = "p_owner";
    const under = { [`principal:${owner}`]: 0 };
    const owned = await open({ owner, epochs: { deployment: 0, ...under } });
    const both = await open({ owner, principal: { id: owner, kind: "person" }, epochs: { deployment: 0, ...under } });
    const below = await childOf(owned, { epochs: owned.epochs });
    const other = await open();
    await publishMinute(deps);
    await publishChanges(await raised(`principal:${owner}`), deps);
    expect(await living([owned, both, below])).toBe(0);
    expect(await living([other])).toBe(1);
  });

  test("threat 48: goes on where the publisher was cut off, and reads no tree twice that it had shown", async () => {
    const sessions = await many(70);
    await publishMinute(deps);
    const first = new Set<string>();
    const dying = withTree(async (root) => {
      if (first.size >= 45) return hangs();
      first.add(root);
      if (first.size % 5 === 0) time.seconds += 1;
      return deps.store.tree(root);
    });
    begin(publishChanges(await raised(subject), dying));
    await expect.poll(async () => Object.keys((await deps.store.dues())[0]?.after ?? {}).length).toBeGreaterThan(0);
    await expect.poll(() => first.size).toBe(45);
    const again = new Set<string>();
    const next = withTree((root) => {
      again.add(root);
      return deps.store.tree(root);
    });
    // what the first still had in hand may have been noted late
    for (let run = 0; run < 3 && (await deps.store.dues()).length > 0; run++) {
      time.seconds += 200;
      await publishMinute(next);
    }
    expect(await living(sessions)).toBe(0);
    expect(again.size).toBeLessThan(70);
    expect(new Set([...first, ...again])).toEqual(new Set(sessions.map(({ root }) => root)));
    expect(await deps.store.dues()).toEqual([]);
  });

  test("is put back when its run has no time left, and the next minutes bring it to its end", async () => {
    const sessions = await many(40);
    await publishMinute(deps);
    let reads = 0;
    const slow = withTree((root) => {
      reads += 1;
      time.seconds += 10;
      return deps.store.tree(root);
    });
    await publishChanges(await raised(subject), slow);
    expect(await deps.store.dues()).toMatchObject([{ sinceSeconds: 0, after: expect.anything() }]);
    expect(await living(sessions)).toBeGreaterThan(20);
    for (let minute = 0; minute < 8 && (await deps.store.dues()).length > 0; minute++) await publishMinute(slow);
    expect(await deps.store.dues()).toEqual([]);
    expect(await living(sessions)).toBe(0);
    expect(reads).toBe(40);
  });

  test("ends every other tree of its agent though one is read for ever, or cannot be read", async () => {
    const sessions = await many(12);
    const [stuck] = sessions;
    await publishMinute(deps);
    for (const how of ["hangs", "fails"] as const) {
      const tree = (root: string) => {
        if (root !== stuck?.root) return deps.store.tree(root);
        return how === "hangs" ? hangs() : Promise.reject(new Error("broken row"));
      };
      const published = publishChanges(await raised(subject), withTree(tree));
      if (how === "fails") await expect(published).rejects.toThrow("broken row");
      else begin(published);
      await expect.poll(() => living(sessions)).toBe(1);
    }
  });

  test("holds up no other of its batch, quick or long: each is signed as soon as it is done", async () => {
    const stuck = await open();
    const [one, other] = [await open(), await open({ actors: [researcher], epochs: { [`agent:${researcher}`]: 0 } })];
    await publishMinute(deps);
    const changes = [
      ...(await tombstoned(stuck)),
      ...(await tombstoned(one)),
      ...(await raised(`agent:${researcher}`)),
    ];
    begin(
      publishChanges(
        changes,
        withTree((root) => (root === stuck.root ? hangs() : deps.store.tree(root))),
      ),
    );
    await expect.poll(() => living([one, other])).toBe(0);
    expect(await valid(stuck)).toBe(true);
    // and it was written down before any of them began
    await expect.poll(() => deps.store.dues()).toMatchObject([{ change: { sid: stuck.sid } }]);
  });

  test("is struck off when all its lists are signed, also where another walk's signing of one of them failed", async () => {
    const [one, other] = [await open(), await open()];
    await childOf(other, { expiresAtSeconds: now + 8_000 });
    await publishMinute(deps);
    const shared = other.status.list;
    expect(one.status.list).toBe(shared);
    const otherIsHalfway = Promise.withResolvers<void>();
    const signingFailed = Promise.withResolvers<void>();
    let failures = 0;
    const store: PublishDeps["store"] = {
      ...deps.store,
      tree: async (root) => (await deps.store.tree(root)).toSorted((a) => (a.sid === root ? -1 : 1)),
      async revoke(list, indices) {
        if (list !== shared) {
          otherIsHalfway.resolve();
          await signingFailed.promise;
        } else if (indices.includes(one.status.idx)) await otherIsHalfway.promise;
        await deps.store.revoke(list, indices);
      },
      async revoked(list) {
        if (list !== shared || failures > 0) return deps.store.revoked(list);
        failures += 1;
        setTimeout(signingFailed.resolve);
        throw new Error("throttled");
      },
    };
    const changes = [...(await tombstoned(one)), ...(await tombstoned(other))];
    await expect(publishChanges(changes, { ...deps, store })).rejects.toThrow("throttled");
    expect(await deps.store.dues()).toMatchObject([{ change: { sid: one.sid } }]);
    expect(await valid(other)).toBe(false);
  });

  test("is taken up by one run alone", async () => {
    await open();
    const [change] = await raised(subject);
    if (change?.kind !== "raised") throw new Error("no change");
    await deps.store.addDue({ change, sinceSeconds: now - 600 });
    const walked: string[] = [];
    const counting = withTree((root) => {
      walked.push(root);
      return deps.store.tree(root);
    });
    await Promise.all([publishMinute(counting), publishMinute(counting), publishMinute(counting)]);
    expect(walked).toHaveLength(1);
    expect(await deps.store.dues()).toEqual([]);
  });

  test("that is older gives no cursor to one of the same subject that came meanwhile", async () => {
    const [change] = await raised(subject);
    if (change?.kind !== "raised") throw new Error("no change");
    const older = { change, sinceSeconds: now };
    const newer = { change: { ...change, epoch: 2 }, sinceSeconds: now };
    await deps.store.addDue(older);
    await deps.store.addDue(newer);
    expect(await deps.store.replaceDue(older, { ...older, after: { "0": "x" } })).toBe(false);
    expect(await deps.store.dues()).toEqual([newer]);
    expect(await deps.store.replaceDue(newer, { ...newer, after: { "0": "x" } })).toBe(true);
    expect(await deps.store.dues()).toEqual([{ ...newer, after: { "0": "x" } }]);
  });
});
