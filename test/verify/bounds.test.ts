import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { JWK } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { verifyDpop } from "../../core/jose/dpop.ts";
import { createKeyMemory } from "../../core/jose/key-memory.ts";
import { createTokenCaches, freezeWhole, type VerifiedToken } from "../../core/verify/token-cache.ts";
import { readAccess } from "../../core/verify/verified-access.ts";
import { dpopProof, sha256, testKey } from "../kit/wire/key.ts";
import { createIssuer, resource, type TestIssuer } from "./issuer.ts";

let world: TestIssuer;
beforeAll(async () => {
  world = await createIssuer();
});

const key: JWK = { kty: "EC" };
/** A token as its reader would keep it. */
function verified(more: object): { readonly token: VerifiedToken; readonly bytes: number } {
  // parsed for itself, as each token is: its texts are shared with no other
  const read = readAccess(JSON.parse(JSON.stringify(world.claims(more))), resource);
  if (!read.ok) throw new Error(read.error.code);
  const times = { exp: 2, iat: 1 };
  const token = { header: { alg: "ES256", kid: "k" }, key, times, read: read.value };
  return { token, bytes: freezeWhole(read.value) };
}

/** What lives on the heap once garbage is gone. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

describe("threat 50: what a verifier remembers", () => {
  test("stays within its bytes while 200,000 distinct tokens pass, and keeps the newest", () => {
    const caches = createTokenCaches();
    const cache = caches.of("settings");
    const { token, bytes } = verified({});
    let most = 0;
    for (let n = 0; n < 200_000; n++) {
      cache.put(`${n}`.padStart(43, "0"), token, bytes);
      most = Math.max(most, caches.bytes);
    }
    expect(most).toBeLessThanOrEqual(8_000_000);
    expect(most).toBeGreaterThan(7_000_000);
    expect(cache.get(`${199_999}`.padStart(43, "0"))).toBe(token);
    expect(cache.get("0".padStart(43, "0"))).toBeUndefined();
  });

  test("takes no more of the heap than it counts, whatever the tokens look like", () => {
    const shapes = [
      {},
      { authorization_details: [{ type: "numbers", list: Array.from({ length: 400 }, (_, n) => n) }] },
      { authorization_details: [{ type: "objects", list: Array.from({ length: 200 }, () => ({})) }] },
      { authorization_details: [{ type: "text", text: "\u4e00".repeat(1_000) }] },
      {
        authorization_details: [
          Object.fromEntries(Array.from({ length: 99 }, (_, n) => [`m${n}`, n]).concat([["type", "x" as never]])),
        ],
      },
    ];
    for (const shape of shapes) {
      const caches = createTokenCaches();
      const cache = caches.of("settings");
      const before = heapBytes();
      for (let n = 0; n < 6_000; n++) {
        const { token, bytes } = verified({ ...shape, jti: `${n}`.padStart(22, "j") });
        cache.put(sha256(`${n}`), token, bytes);
      }
      const held = heapBytes() - before;
      expect(held, JSON.stringify(shape).slice(0, 80)).toBeLessThanOrEqual(8_000_000);
      expect(cache.get(sha256("5999"))).toBeDefined();
    }
  });

  test("drops what was longest unused, and is asked of again what was used", () => {
    const caches = createTokenCaches(30_000);
    const cache = caches.of("settings");
    const { token, bytes } = verified({});
    cache.put("used", token, bytes);
    for (let n = 0; n < 100; n++) {
      cache.put(`${n}`, token, bytes);
      expect(cache.get("used")).toBe(token);
    }
    expect(cache.get("0")).toBeUndefined();
  });

  test("is no token at all that is larger than the room", () => {
    const caches = createTokenCaches(1_000);
    const { token, bytes } = verified({});
    caches.of("settings").put("one", token, bytes);
    expect(caches.bytes).toBe(0);
    expect(caches.of("settings").get("one")).toBeUndefined();
  });

  test("is no more keys than there is room for, the longest unused first", async () => {
    const memory = createKeyMemory(undefined, 20);
    const keys = await Promise.all(Array.from({ length: 60 }, () => testKey()));
    for (const { jwk } of keys) {
      const shown = await memory.shown("ES256", { ...jwk, kty: "EC" });
      if (shown) memory.keep(shown);
      expect(memory.size).toBeLessThanOrEqual(20);
    }
    expect(memory.size).toBe(20);
  });

  test("is no key of a stranger: proofs by keys that no token is bound to leave nothing behind", async () => {
    const memory = createKeyMemory();
    const verifier = world.verifier({ keyMemory: memory });
    const token = world.token();
    expect(await verifier.verify(world.request(token))).toMatchObject({ ok: true });
    expect(memory.size).toBe(1);
    for (let n = 0; n < 30; n++) {
      const stranger = await testKey();
      const proof = dpopProof(stranger, { url: world.requestUrl, atSeconds: world.time.seconds, accessToken: token });
      const answer = await verifier.verify(world.request(token, { dpop: [proof] }));
      expect(answer).toMatchObject({ error: { code: "proof_key_mismatch" } });
      const asked = { proofs: [proof], method: "POST", url: world.requestUrl, nowSeconds: world.time.seconds };
      expect(await verifyDpop({ ...asked, keyMemory: memory })).toMatchObject({ ok: true });
    }
    expect(memory.size).toBe(1);
  });
});
