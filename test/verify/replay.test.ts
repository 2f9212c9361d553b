import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { limits } from "../../core/model/limits.ts";
import { createReplayStore, type ReplayStore } from "../../core/verify/replay.ts";
import { dpopProof, testKey } from "../kit/wire/key.ts";
import { createIssuer } from "./issuer.ts";

const use = (store: ReplayStore, jkt: string, key: string, nowSeconds = 0) =>
  store.use({ jkt, key, expiresAtSeconds: nowSeconds + 2 * limits.dpopWindowSeconds }, nowSeconds);

const step = fc.record({
  jkt: fc.constantFrom("a", "b", "c"),
  id: fc.nat(30),
  pauseSeconds: fc.constantFrom(0, 0, 1, 70),
});

describe("the memory of used proofs", () => {
  test("answers a noisy key alone that it is full, and everybody else as before", () => {
    const store = createReplayStore();
    let taken = 0;
    while (use(store, "noisy", `noisy ${taken}`) === "first") taken++;
    expect(taken).toBe(10_000);
    for (let i = 0; i < 100; i++) expect(use(store, `quiet ${i}`, `quiet ${i}`)).toBe("first");
    expect(use(store, "noisy", "noisy 0")).toBe("used");
    expect(use(store, "noisy", "one more")).toBe("full");
  });

  test("takes a noisy key in again once its proofs can be forgotten", () => {
    const store = createReplayStore(100, 3);
    for (let i = 0; i < 3; i++) use(store, "noisy", `${i}`);
    expect(use(store, "noisy", "3", 2 * limits.dpopWindowSeconds - 1)).toBe("full");
    expect(use(store, "noisy", "3", 2 * limits.dpopWindowSeconds)).toBe("first");
  });

  test.prop([fc.array(step, { maxLength: 200 })])("takes no proof twice within its life", (steps) => {
    const store = createReplayStore(1_000, 5);
    const firstAt = new Map<string, number>();
    let now = 0;
    for (const { jkt, id, pauseSeconds } of steps) {
      now += pauseSeconds;
      const key = `${jkt} ${id}`;
      const outcome = use(store, jkt, key, now);
      const seen = firstAt.get(key);
      if (seen !== undefined && now - seen < 2 * limits.dpopWindowSeconds) expect(outcome).toBe("used");
      if (outcome === "first") firstAt.set(key, now);
    }
  });

  test.prop([fc.array(step, { maxLength: 200 })])("answers a key the same whatever other keys send", (steps) => {
    const together = createReplayStore(1_000, 5);
    const alone: Record<string, ReplayStore> = {};
    for (const { jkt, id } of steps) {
      alone[jkt] ??= createReplayStore(1_000, 5);
      expect(use(together, jkt, `${jkt} ${id}`)).toBe(use(alone[jkt], jkt, `${jkt} ${id}`));
    }
  });

  test.prop([fc.array(step, { maxLength: 200 })])("is as if it had never seen what it forgot at once", (steps) => {
    const forgetful = createReplayStore(1_000, 5);
    const untouched = createReplayStore(1_000, 5);
    for (const { jkt, id } of steps) {
      const proof = { jkt, key: `forgotten ${id}`, expiresAtSeconds: 0 };
      if (forgetful.use(proof, 0) === "first") forgetful.forget?.(proof);
      expect(use(forgetful, jkt, `${jkt} ${id}`)).toBe(use(untouched, jkt, `${jkt} ${id}`));
    }
  });

  test("is not filled by keys and tokens made up on the spot, whose proofs opened nothing", async () => {
    const world = await createIssuer();
    const dead = { introspect: async () => ({ ok: true as const, value: { active: false } }) };
    const replay = createReplayStore(10, 2);
    const verifier = world.verifier({ replay, introspector: dead });
    for (let n = 0; n < 30; n++) {
      const handle = `lya_${"r".repeat(22)}.${String(n).padStart(43, "h")}`;
      const proof = dpopProof(await testKey(), {
        url: world.requestUrl,
        atSeconds: world.time.seconds,
        accessToken: handle,
      });
      const verified = await verifier.verify(world.request(handle, { dpop: [proof] }));
      expect(verified).toMatchObject({ ok: false, error: { code: "session_over" } });
    }
    expect(use(replay, "honest", "honest", world.time.seconds)).toBe("first");
  });

  test("keeps a proof whose question got no answer: the issuer may have counted it as a use", async () => {
    const world = await createIssuer();
    const silent = { introspect: () => Promise.reject(new Error("down")) };
    const verifier = world.verifier({ introspector: silent });
    const handle = `lya_${"r".repeat(22)}.${"h".repeat(43)}`;
    const proof = dpopProof(world.caller, {
      url: world.requestUrl,
      atSeconds: world.time.seconds,
      accessToken: handle,
    });
    const ask = () => verifier.verify(world.request(handle, { dpop: [proof] }));
    expect(await ask()).toMatchObject({ ok: false, error: { code: "introspection_unavailable" } });
    expect(await ask()).toMatchObject({ ok: false, error: { code: "proof_replayed" } });
  });

  test("lets the other agents of a resource in while one floods it", async () => {
    const world = await createIssuer();
    const [verifier, other] = [world.verifier({ replay: createReplayStore(10, 2) }), await testKey()];
    const ask = async (key = world.caller) => {
      const token = world.token({ cnf: { jkt: key.jkt } });
      const proof = dpopProof(key, { url: world.requestUrl, atSeconds: world.time.seconds, accessToken: token });
      const verified = await verifier.verify(world.request(token, { dpop: [proof] }));
      return verified.ok ? "accepted" : verified.error.code;
    };
    const flood = [await ask(), await ask(), await ask(), await ask()];
    expect(flood).toEqual(["accepted", "accepted", "replay_store_unavailable", "replay_store_unavailable"]);
    expect(await ask(other)).toBe("accepted");
  });
});
