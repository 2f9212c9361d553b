import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { fc } from "@fast-check/vitest";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { describe, expect, test } from "vitest";
import { type PublishDeps, publishChanges, publishMinute } from "../../../../core/endpoints/publisher.ts";
import { limits } from "../../../../core/model/limits.ts";
import { openWindows, parseList, windowEndsAtSeconds, windowOf } from "../../../../core/status/windows.ts";
import { createListReader } from "../../../../lambdas/aws/dynamodb/lists/lists.ts";
import { createSessionStore } from "../../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { id, now, planner, researcher, session } from "../../samples.ts";
import { cloud, deps, issuer, open, raised, setUp, store, time, token, tombstoned, valid } from "./ground.ts";

setUp();

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
    time.seconds += 60;
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
        time.seconds = start;
        await publishMinute(deps);
        for (; time.seconds <= start + 60; time.seconds += 15)
          for (const life of [1, 60, 900, lifeSeconds])
            expect(
              await store.leaseStatus(time.seconds + life, 0),
              `${time.seconds - start} s later, life ${life}`,
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
    time.seconds += 60;
    await publishMinute(deps);
    const named = await asked();
    expect(named?.list).toBe(`${windowOf(far)}-0`);
    expect(await token(named?.list ?? "")).toBeDefined();
    // and it stays signed as long as its hour lasts
    time.seconds += 8 * 3_600;
    await publishMinute(deps);
    expect(decodeJwt((await token(named?.list ?? "")) ?? "").iat).toBe(time.seconds);
  });

  test("past three quarters of a list the next one is signed, before any token names it", async () => {
    const window = windowOf(now + 900);
    const position = limits.statusListSize * 0.75;
    await cloud.client.send(
      new PutCommand({
        TableName: "Sessions",
        Item: { root: `status#${window}`, sid: "lease", position, expiresAt: now },
      }),
    );
    await publishMinute(deps);
    expect(await token(`${window}-1`)).toBeDefined();
  });

  test("is named by no new block when the publisher has been dead for two minutes", async () => {
    await publishMinute(deps);
    const instance = () => createSessionStore(cloud.client, cloud.tables, deps.clock).leaseStatus(now + 900, 0);
    time.seconds += 119;
    expect(await instance()).toBeDefined();
    time.seconds += 1;
    expect(await instance()).toBeUndefined();
  });

  test("is named among the open ones, and dies with its hour: neither named nor served, whatever TTL still keeps", async () => {
    const made = await open();
    await publishMinute(deps);
    const reader = createListReader(cloud.client, "Lists", deps.clock);
    const named = await reader.open();
    expect(named).toContain(made.status.list);
    expect((await Promise.all(named.map((list) => reader.read(list)))).filter((it) => it === undefined)).toEqual([]);
    time.seconds = windowEndsAtSeconds(parseList(made.status.list)?.window ?? "");
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
    time.seconds += 300;
    await expect(publishMinute(failing)).rejects.toThrow("too large");
    expect(decodeJwt((await token(one.status.list)) ?? "").iat).toBe(now + 300);
    expect(await deps.store.dues()).toHaveLength(1);
  });

  test("shows a session's end before an agent's many trees are walked, and a walk cut off is not forgotten", async () => {
    const [one, many] = [await open(), await open({ actors: [researcher], epochs: { [`agent:${researcher}`]: 0 } })];
    const changes = [...(await raised(`agent:${researcher}`)), ...(await tombstoned(one))];
    const tree = (root: string) =>
      root === many.root ? Promise.reject(new Error("out of time")) : deps.store.tree(root);
    await expect(publishChanges(changes, { ...deps, store: { ...deps.store, tree } })).rejects.toThrow("out of time");
    expect(await deps.store.revoked(one.status.list)).toEqual(new Set([one.status.idx]));
    time.seconds += 60;
    await publishMinute(deps);
    // it may be running still
    expect(await deps.store.dues()).toHaveLength(1);
    time.seconds += 240;
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
