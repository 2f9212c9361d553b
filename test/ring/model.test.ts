import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { keyTimes } from "../../core/model/key-times.ts";
import type { KeyPurpose } from "../../core/model/ports.ts";
import { pace, rings, type TestRing } from "../kit/world/rings.ts";
import { createWorld } from "../kit/world/world.ts";
import { day, hour, moves, play, settle } from "./moves.ts";
import { broken } from "./rules.ts";

/** The purposes whose rings differ: in their algorithms, and in how long what they sign lives. */
describe.each<[KeyPurpose, number]>([
  ["session", 150],
  ["events", 60],
])("the ring of %s under any schedule of runs, crashes, races and clock steps", (purpose, numRuns) => {
  test.prop([moves(false)], { numRuns })(
    "signs always, by a key every verifier has, and ends none whose signatures may live",
    async (all) => {
      const { ring } = await createWorld([], rings({ purpose }));
      const { unsigned } = await play(ring, all);
      expect(unsigned).toBe(0);
      for (const alg of ring.algorithms) expect(ring.inState("active", alg)).toHaveLength(1);
    },
  );

  test.prop([moves(true)], { numRuns })(
    "holds the same rules through emergencies, and comes to rest with one key that signs and one in waiting",
    async (all) => {
      const { ring } = await createWorld([], rings({ purpose }));
      await play(ring, all);
      for (const alg of ring.algorithms) expect(ring.inState("active", alg)).toHaveLength(1);
      await settle(ring, 2 * day, hour);
      expect(broken(ring)).toEqual([]);
      expect(ring.faults).toEqual([]);
      for (const alg of ring.algorithms) {
        expect(ring.inState("active", alg)).toHaveLength(1);
        expect(ring.inState("published", alg).length).toBeGreaterThanOrEqual(1);
      }
    },
  );

  test.prop([fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.boolean()), { minLength: 1, maxLength: 15 })], {
    numRuns,
  })("leaves no key of KMS over, wherever its makers die", async (deaths) => {
    const { ring } = await createWorld([], rings({ purpose }));
    for (const [after, happened] of deaths) {
      await ring.run({ seconds: 0 }, { calls: after, after: happened });
      ring.time.seconds += 120;
    }
    await settle(ring, 2 * keyTimes.intentLifeSeconds);
    expect(ring.strays()).toEqual([]);
  });
});

describe("a key whose maker loses the race to write it down", () => {
  /** Somebody else changes the row at the moment a new key is to be written. */
  const disturbed = async (change: (ring: TestRing) => void) => {
    const { ring } = await createWorld([], rings({ algorithms: ["ES256"] }));
    let done = false;
    ring.hooks.beforeWrite = (next) => {
      if (done || !next.keys.some(({ state }) => state === "created")) return;
      done = true;
      change(ring);
    };
    await ring.run();
    expect(done).toBe(true);
    return ring;
  };
  const rewrite = (ring: TestRing, change: object) => {
    const row = ring.rows.get("session");
    if (row) ring.rows.set("session", { ...row, ...change, version: row.version + 1 });
  };

  it("is written by the next try: no second key is made", async () => {
    const ring = await disturbed((one) => rewrite(one, {}));
    expect(ring.keys.size).toBe(2);
    expect(ring.inState("created")).toHaveLength(1);
    expect(ring.strays()).toEqual([]);
  });

  it("is ended at once when its intent was given up meanwhile", async () => {
    const ring = await disturbed((one) => rewrite(one, { intents: [] }));
    expect(ring.keys.get("arn:key/2")?.endedAt).toBeDefined();
    expect(ring.strays()).toEqual([]);
  });
});

describe("a ring left alone", () => {
  it("rotates every period, always with a standby that verifiers know, and ends the old key after its last token", async () => {
    const { ring } = await createWorld([], rings({ algorithms: ["ES256"] }));
    const signer = ring.keyring().signer("session");
    const signed = new Set<string>();
    await ring.run();
    await settle(ring, 2 * hour);
    for (let days = 0; days < 45; days++) {
      await settle(ring, day, hour);
      const key = await signer.current("ES256");
      await key.sign(new Uint8Array(), "join");
      signed.add(key.kid);
      expect(ring.faults).toEqual([]);
      const known = ring
        .inState("published")
        .filter(({ publishedAtSeconds = 0 }) => ring.time.seconds - publishedAtSeconds >= pace.longestCacheSeconds);
      expect(known.length).toBeGreaterThanOrEqual(1);
    }
    expect(signed.size).toBe(5);
    expect(broken(ring)).toEqual([]);
    // all but the stack's own, which stands by
    expect([...ring.keys.values()].filter(({ endedAt }) => endedAt !== undefined)).toHaveLength(3);
    const told = ring.records.map(
      ({ body }) => (JSON.parse(body) as { metadata: { event_code: string } }).metadata.event_code,
    );
    expect(told.filter((code) => code === "key.activate")).toHaveLength(4);
    expect(told.filter((code) => code === "key.delete")).toHaveLength(3);
  });

  it("keeps the stack's own key as the standby once it had its turn: two keys at rest, and it signs in an emergency alone", async () => {
    const { ring } = await createWorld([], rings({ algorithms: ["ES256"] }));
    await ring.run();
    const signer = ring.keyring().signer("session");
    const later = new Set<string>();
    await settle(ring, 12 * day, hour);
    for (let days = 0; days < 40; days++) {
      await settle(ring, day, hour);
      later.add((await signer.current("ES256")).kid);
      expect(ring.inState("published").map(({ kid }) => kid)).toContain("kid-1");
    }
    expect(later.size).toBeGreaterThan(3);
    expect([...later]).not.toContain("kid-1");
    expect(ring.rows.get("session")?.keys).toHaveLength(2);
    ring.order("emergency");
    await ring.run();
    expect(ring.inState("active").map(({ kid }) => kid)).toEqual(["kid-1"]);
    await settle(ring, 12 * day, hour);
    expect(ring.inState("active").map(({ kid }) => kid)).not.toContain("kid-1");
    expect([...broken(ring), ...ring.faults]).toEqual([]);
  });

  it("refuses to move by a clock that AWS's own does not confirm, and says so", async () => {
    const { ring } = await createWorld([], rings());
    await ring.run();
    const before = ring.rows.get("session")?.version;
    await ring.run({ seconds: 20 * day });
    expect(ring.rows.get("session")?.version).toBe(before);
    expect(ring.faults.join()).toContain("clock");
  });
});

describe("an emergency", () => {
  it("takes the suspect out at once and signs on by the standby, in the same write", async () => {
    const { ring } = await createWorld([], rings({ algorithms: ["ES256"] }));
    await ring.run();
    await settle(ring, 2 * hour);
    const keyring = ring.keyring();
    const signer = keyring.signer("session");
    const suspect = await signer.current("ES256");
    ring.order("emergency");
    await ring.run();
    // the function still works by the ring it read; KMS refuses, and it asks again
    await expect(suspect.sign(new Uint8Array(), "join")).rejects.toThrow("signs no longer");
    const next = await signer.current("ES256", suspect.kid);
    await next.sign(new Uint8Array(), "join");
    expect((await keyring.keys("session")).map(({ kid }) => kid)).not.toContain(suspect.kid);
    expect(ring.keys.get("arn:key/1")?.disabled).toBe(true);
    expect(broken(ring)).toEqual([]);
  });

  it("is carried out once, however often and by how many its order is seen", async () => {
    const { ring } = await createWorld([], rings({ algorithms: ["ES256"] }));
    await ring.run();
    await settle(ring, 2 * hour);
    ring.order("emergency");
    await Promise.all([ring.run(), ring.run(), ring.run()]);
    await ring.run();
    expect(ring.inState("distrusted")).toHaveLength(1);
    expect(ring.inState("active")).toHaveLength(1);
  });

  it("is refused when a second one comes before the next standby is known, and the key signs on", async () => {
    const { ring } = await createWorld([], rings({ algorithms: ["ES256"] }));
    await ring.run();
    await settle(ring, 2 * hour);
    for (let i = 0; i < 2; i++) {
      ring.order("emergency");
      await ring.run();
    }
    expect(ring.inState("distrusted").map(({ kid }) => kid)).toEqual(["kid-1"]);
    expect(ring.rows.get("session")?.refusedOrder).toBe(ring.orders.get("session")?.id);
    expect((await ring.keyring().signer("session").current("ES256")).kid).toBe("kid-2");
    const last = JSON.parse(ring.records.at(-1)?.body ?? "{}") as object;
    expect(last).toMatchObject({
      metadata: { event_code: "key.distrust" },
      unmapped: { lanyard: { outcome: "denied" } },
    });
    await settle(ring, hour);
    ring.order("emergency");
    await ring.run();
    expect(ring.rows.get("session")?.refusedOrder).toBeUndefined();
    expect(ring.inState("active").map(({ kid }) => kid)).not.toContain("kid-2");
    expect(broken(ring)).toEqual([]);
  });

  it("disables nothing in a deployment whose rotator can make no key, however often it is ordered", async () => {
    const { ring } = await createWorld([], rings({ algorithms: ["ES256", "RS256"] }));
    ring.hooks.beforeCreate = () => {
      throw new Error("The new key policy will not allow you to update the key policy in the future.");
    };
    await ring.run();
    for (let tries = 0; tries < 3; tries++) {
      await settle(ring, day, hour);
      ring.order("emergency");
      await ring.run();
    }
    expect([...ring.keys.values()].map(({ disabled }) => disabled)).toEqual([false, false]);
    for (const alg of ring.algorithms)
      await (await ring.keyring().signer("session").current(alg)).sign(new Uint8Array(), "j");
    expect(ring.faults.join()).toContain("will not allow you");
  });

  it("can name a key that signs no longer: what a retired key signed counts for nothing then", async () => {
    const { ring } = await createWorld([], rings({ algorithms: ["ES256"] }));
    await ring.run();
    await settle(ring, 2 * day, hour);
    for (const _ of [1, 2]) {
      ring.order("rotate");
      await settle(ring, pace.publishWaitSeconds + 2 * hour, hour);
    }
    const [retired] = ring.inState("retired");
    expect(retired?.kid).toBe("kid-2");
    ring.order("emergency", "kid-2");
    await ring.run();
    expect((await ring.keyring().keys("session")).map(({ kid }) => kid)).not.toContain("kid-2");
    expect(ring.inState("active").map(({ kid }) => kid)).not.toContain("kid-2");
  });

  it("can name the stack's own key while it stands by: it signs never again", async () => {
    const { ring } = await createWorld([], rings({ algorithms: ["ES256"] }));
    await ring.run();
    await settle(ring, 2 * day, hour);
    ring.order("rotate");
    await settle(ring, 2 * hour);
    ring.order("emergency", "kid-1");
    await settle(ring, 3 * hour);
    expect(ring.inState("published").map(({ kid }) => kid)).toEqual(["kid-3"]);
    ring.order("emergency");
    await settle(ring, 60 * day, day);
    expect((await ring.keyring().keys("session")).map(({ kid }) => kid)).not.toContain("kid-1");
    expect(broken(ring)).toEqual([]);
  });
});

describe("an order to rotate", () => {
  it("switches at once from the stack's own key, which stays as the standby", async () => {
    const { ring } = await createWorld([], rings({ algorithms: ["ES256"] }));
    await ring.run();
    await settle(ring, 2 * day, hour);
    ring.order("rotate");
    await ring.run();
    expect(ring.inState("active").map(({ kid }) => kid)).toEqual(["kid-2"]);
    expect(ring.inState("published").map(({ kid }) => kid)).toEqual(["kid-1"]);
  });

  it("switches from any other as soon as another standby is known for as long as a stage waits, not before", async () => {
    const { ring } = await createWorld([], rings({ algorithms: ["ES256"] }));
    await ring.run();
    await settle(ring, 2 * day, hour);
    ring.order("rotate");
    await settle(ring, 2 * hour);
    ring.order("rotate");
    await ring.run();
    expect(ring.inState("active").map(({ kid }) => kid)).toEqual(["kid-2"]);
    await settle(ring, keyTimes.settleSeconds + pace.publishWaitSeconds, hour);
    await settle(ring, 2 * hour, hour);
    expect(ring.inState("active").map(({ kid }) => kid)).toEqual(["kid-3"]);
    expect(ring.inState("published")).toHaveLength(1);
  });
});
