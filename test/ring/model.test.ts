import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { keyTimes } from "../../core/model/key-times.ts";
import type { KeyPurpose } from "../../core/model/ports.ts";
import { day, hour, moves, play, settle } from "./moves.ts";
import { broken, createRingWorld, pace, type RingWorld } from "./world.ts";

/** The purposes whose rings differ: in their algorithms, and in how long what they sign lives. */
describe.each<[KeyPurpose, number]>([
  ["session", 150],
  ["events", 60],
])("the ring of %s under any schedule of runs, crashes, races and clock steps", (purpose, numRuns) => {
  test.prop([moves(false)], { numRuns })(
    "signs always, by a key every verifier has, and ends none whose signatures may live",
    async (all) => {
      const world = createRingWorld(undefined, pace, purpose);
      const { unsigned } = await play(world, all);
      expect(unsigned).toBe(0);
      for (const alg of world.algorithms) expect(world.inState("active", alg)).toHaveLength(1);
    },
  );

  test.prop([moves(true)], { numRuns })(
    "holds the same rules through emergencies, and comes to rest with one key that signs and one in waiting",
    async (all) => {
      const world = createRingWorld(undefined, pace, purpose);
      await play(world, all);
      for (const alg of world.algorithms) expect(world.inState("active", alg)).toHaveLength(1);
      await settle(world, 2 * day, hour);
      expect(broken(world)).toEqual([]);
      expect(world.faults).toEqual([]);
      for (const alg of world.algorithms) {
        expect(world.inState("active", alg)).toHaveLength(1);
        expect(world.inState("published", alg).length).toBeGreaterThanOrEqual(1);
      }
    },
  );

  test.prop([fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.boolean()), { minLength: 1, maxLength: 15 })], {
    numRuns,
  })("leaves no key of KMS over, wherever its makers die", async (deaths) => {
    const world = createRingWorld(undefined, pace, purpose);
    for (const [after, happened] of deaths) {
      await world.run({ seconds: 0 }, { calls: after, after: happened });
      world.time.seconds += 120;
    }
    await settle(world, 2 * keyTimes.intentLifeSeconds);
    expect(world.strays()).toEqual([]);
  });
});

describe("a key whose maker loses the race to write it down", () => {
  /** Somebody else changes the row at the moment a new key is to be written. */
  const disturbed = async (change: (world: RingWorld) => void) => {
    const world = createRingWorld(["ES256"]);
    let done = false;
    world.hooks.beforeWrite = (next) => {
      if (done || !next.keys.some(({ state }) => state === "created")) return;
      done = true;
      change(world);
    };
    await world.run();
    expect(done).toBe(true);
    return world;
  };
  const rewrite = (world: RingWorld, change: object) => {
    const row = world.rows.get("session");
    if (row) world.rows.set("session", { ...row, ...change, version: row.version + 1 });
  };

  it("is written by the next try: no second key is made", async () => {
    const world = await disturbed((one) => rewrite(one, {}));
    expect(world.keys.size).toBe(2);
    expect(world.inState("created")).toHaveLength(1);
    expect(world.strays()).toEqual([]);
  });

  it("is ended at once when its intent was given up meanwhile", async () => {
    const world = await disturbed((one) => rewrite(one, { intents: [] }));
    expect(world.keys.get("arn:key/2")?.endedAt).toBeDefined();
    expect(world.strays()).toEqual([]);
  });
});

describe("a ring left alone", () => {
  it("rotates every period, always with a standby that verifiers know, and ends the old key after its last token", async () => {
    const world = createRingWorld(["ES256"]);
    const signer = world.keyring().signer("session");
    const signed = new Set<string>();
    await world.run();
    await settle(world, 2 * hour);
    for (let days = 0; days < 45; days++) {
      await settle(world, day, hour);
      const key = await signer.current("ES256");
      await key.sign(new Uint8Array(), "join");
      signed.add(key.kid);
      expect(world.faults).toEqual([]);
      const known = world
        .inState("published")
        .filter(({ publishedAtSeconds = 0 }) => world.time.seconds - publishedAtSeconds >= pace.longestCacheSeconds);
      expect(known.length).toBeGreaterThanOrEqual(1);
    }
    expect(signed.size).toBe(5);
    expect(broken(world)).toEqual([]);
    // all but the stack's own, which stands by
    expect([...world.keys.values()].filter(({ endedAt }) => endedAt !== undefined)).toHaveLength(3);
    const told = world.records.map(
      ({ body }) => (JSON.parse(body) as { metadata: { event_code: string } }).metadata.event_code,
    );
    expect(told.filter((code) => code === "key.activate")).toHaveLength(4);
    expect(told.filter((code) => code === "key.delete")).toHaveLength(3);
  });

  it("keeps the stack's own key as the standby once it had its turn: two keys at rest, and it signs in an emergency alone", async () => {
    const world = createRingWorld(["ES256"]);
    await world.run();
    const signer = world.keyring().signer("session");
    const later = new Set<string>();
    await settle(world, 12 * day, hour);
    for (let days = 0; days < 40; days++) {
      await settle(world, day, hour);
      later.add((await signer.current("ES256")).kid);
      expect(world.inState("published").map(({ kid }) => kid)).toContain("kid-1");
    }
    expect(later.size).toBeGreaterThan(3);
    expect([...later]).not.toContain("kid-1");
    expect(world.rows.get("session")?.keys).toHaveLength(2);
    world.order("emergency");
    await world.run();
    expect(world.inState("active").map(({ kid }) => kid)).toEqual(["kid-1"]);
    await settle(world, 12 * day, hour);
    expect(world.inState("active").map(({ kid }) => kid)).not.toContain("kid-1");
    expect([...broken(world), ...world.faults]).toEqual([]);
  });

  it("refuses to move by a clock that AWS's own does not confirm, and says so", async () => {
    const world = createRingWorld();
    await world.run();
    const before = world.rows.get("session")?.version;
    await world.run({ seconds: 20 * day });
    expect(world.rows.get("session")?.version).toBe(before);
    expect(world.faults.join()).toContain("clock");
  });
});

describe("an emergency", () => {
  it("takes the suspect out at once and signs on by the standby, in the same write", async () => {
    const world = createRingWorld(["ES256"]);
    await world.run();
    await settle(world, 2 * hour);
    const ring = world.keyring();
    const signer = ring.signer("session");
    const suspect = await signer.current("ES256");
    world.order("emergency");
    await world.run();
    // the function still works by the ring it read; KMS refuses, and it asks again
    await expect(suspect.sign(new Uint8Array(), "join")).rejects.toThrow("signs no longer");
    const next = await signer.current("ES256", suspect.kid);
    await next.sign(new Uint8Array(), "join");
    expect((await ring.keys("session")).map(({ kid }) => kid)).not.toContain(suspect.kid);
    expect(world.keys.get("arn:key/1")?.disabled).toBe(true);
    expect(broken(world)).toEqual([]);
  });

  it("is carried out once, however often and by how many its order is seen", async () => {
    const world = createRingWorld(["ES256"]);
    await world.run();
    await settle(world, 2 * hour);
    world.order("emergency");
    await Promise.all([world.run(), world.run(), world.run()]);
    await world.run();
    expect(world.inState("distrusted")).toHaveLength(1);
    expect(world.inState("active")).toHaveLength(1);
  });

  it("is refused when a second one comes before the next standby is known, and the key signs on", async () => {
    const world = createRingWorld(["ES256"]);
    await world.run();
    await settle(world, 2 * hour);
    for (let i = 0; i < 2; i++) {
      world.order("emergency");
      await world.run();
    }
    expect(world.inState("distrusted").map(({ kid }) => kid)).toEqual(["kid-1"]);
    expect(world.rows.get("session")?.refusedOrder).toBe(world.orders.get("session")?.id);
    expect((await world.keyring().signer("session").current("ES256")).kid).toBe("kid-2");
    const last = JSON.parse(world.records.at(-1)?.body ?? "{}") as object;
    expect(last).toMatchObject({
      metadata: { event_code: "key.distrust" },
      unmapped: { lanyard: { outcome: "denied" } },
    });
    await settle(world, hour);
    world.order("emergency");
    await world.run();
    expect(world.rows.get("session")?.refusedOrder).toBeUndefined();
    expect(world.inState("active").map(({ kid }) => kid)).not.toContain("kid-2");
    expect(broken(world)).toEqual([]);
  });

  it("disables nothing in a deployment whose rotator can make no key, however often it is ordered", async () => {
    const world = createRingWorld(["ES256", "RS256"]);
    world.hooks.beforeCreate = () => {
      throw new Error("The new key policy will not allow you to update the key policy in the future.");
    };
    await world.run();
    for (let tries = 0; tries < 3; tries++) {
      await settle(world, day, hour);
      world.order("emergency");
      await world.run();
    }
    expect([...world.keys.values()].map(({ disabled }) => disabled)).toEqual([false, false]);
    for (const alg of world.algorithms)
      await (await world.keyring().signer("session").current(alg)).sign(new Uint8Array(), "j");
    expect(world.faults.join()).toContain("will not allow you");
  });

  it("can name a key that signs no longer: what a retired key signed counts for nothing then", async () => {
    const world = createRingWorld(["ES256"]);
    await world.run();
    await settle(world, 2 * day, hour);
    for (const _ of [1, 2]) {
      world.order("rotate");
      await settle(world, pace.publishWaitSeconds + 2 * hour, hour);
    }
    const [retired] = world.inState("retired");
    expect(retired?.kid).toBe("kid-2");
    world.order("emergency", "kid-2");
    await world.run();
    expect((await world.keyring().keys("session")).map(({ kid }) => kid)).not.toContain("kid-2");
    expect(world.inState("active").map(({ kid }) => kid)).not.toContain("kid-2");
  });

  it("can name the stack's own key while it stands by: it signs never again", async () => {
    const world = createRingWorld(["ES256"]);
    await world.run();
    await settle(world, 2 * day, hour);
    world.order("rotate");
    await settle(world, 2 * hour);
    world.order("emergency", "kid-1");
    await settle(world, 3 * hour);
    expect(world.inState("published").map(({ kid }) => kid)).toEqual(["kid-3"]);
    world.order("emergency");
    await settle(world, 60 * day, day);
    expect((await world.keyring().keys("session")).map(({ kid }) => kid)).not.toContain("kid-1");
    expect(broken(world)).toEqual([]);
  });
});

describe("an order to rotate", () => {
  it("switches at once from the stack's own key, which stays as the standby", async () => {
    const world = createRingWorld(["ES256"]);
    await world.run();
    await settle(world, 2 * day, hour);
    world.order("rotate");
    await world.run();
    expect(world.inState("active").map(({ kid }) => kid)).toEqual(["kid-2"]);
    expect(world.inState("published").map(({ kid }) => kid)).toEqual(["kid-1"]);
  });

  it("switches from any other as soon as another standby is known for as long as a stage waits, not before", async () => {
    const world = createRingWorld(["ES256"]);
    await world.run();
    await settle(world, 2 * day, hour);
    world.order("rotate");
    await settle(world, 2 * hour);
    world.order("rotate");
    await world.run();
    expect(world.inState("active").map(({ kid }) => kid)).toEqual(["kid-2"]);
    await settle(world, keyTimes.settleSeconds + pace.publishWaitSeconds, hour);
    await settle(world, 2 * hour, hour);
    expect(world.inState("active").map(({ kid }) => kid)).toEqual(["kid-3"]);
    expect(world.inState("published")).toHaveLength(1);
  });
});
