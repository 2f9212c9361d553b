import { createHmac } from "node:crypto";
import { fc, test } from "@fast-check/vitest";
import { beforeAll, describe, expect, it } from "vitest";
import { createDpopNonces, verifyDpop, withDpopNonce } from "../../core/jose/dpop.ts";
import { dpopProof, type TestKey, testKey } from "../kit/wire/key.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { issuer } from "../kit/world/ground.ts";
import { type Tokens, tokens, tokenUrl } from "../kit/world/tokens.ts";
import { createWorld, type World } from "../kit/world/world.ts";

const start = 1_785_542_400;

/** Nonces over a secret of one's own, counting how often a minute's secret is derived. */
function maker(secret = "secret", server = issuer) {
  const time = { seconds: start };
  const asked: number[] = [];
  const macs = {
    minuteKey: async (minute: number) => {
      asked.push(minute);
      return createHmac("sha256", secret).update(`${minute}`).digest();
    },
  };
  return { time, asked, nonces: createDpopNonces({ clock: { nowMillis: () => time.seconds * 1000 }, macs, server }) };
}

describe("nonces of DPoP proofs", () => {
  test.prop([fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 59 })])(
    "hold for the minute they were given in and the next one, not longer",
    async (age, offset) => {
      const { time, nonces } = maker();
      time.seconds = start + offset;
      const nonce = await nonces.current();
      time.seconds += age;
      expect(await nonces.accepts(nonce)).toBe(Math.floor((offset + age) / 60) <= 1);
    },
  );

  it("of an instance whose clock runs five seconds ahead are taken, of one that runs further are not", async () => {
    const { time, nonces } = maker();
    time.seconds = start + 60;
    const next = await nonces.current();
    time.seconds = start + 55;
    expect(await nonces.accepts(next)).toBe(true);
    time.seconds = start + 54;
    expect(await nonces.accepts(next)).toBe(false);
  });

  it("are the same at every instance that knows the secret, and foreign to every other server and secret", async () => {
    const nonce = await maker().nonces.current();
    expect(await maker().nonces.accepts(nonce)).toBe(true);
    expect(await maker("another").nonces.accepts(nonce)).toBe(false);
    expect(await maker("secret", "https://other.example").nonces.accepts(nonce)).toBe(false);
  });

  it("are of the characters that RFC 9449 8.1 allows", async () => {
    expect(await maker().nonces.current()).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/);
  });

  test.prop([
    fc.oneof(
      fc.string(),
      fc.jsonValue(),
      fc.integer({ min: -10, max: 10 }).map((n) => `${start / 60 + n}.x`),
    ),
  ])("are refused, never thrown at, whatever a proof says", async (anything) => {
    expect(await maker().nonces.accepts(anything)).toBe(false);
  });

  it("of strangers derive no secret: only minutes that could hold are looked at", async () => {
    const { nonces, asked } = maker();
    const tag = "A".repeat(43);
    for (const minute of [1, start / 60 - 2, start / 60 + 1, 9_999_999_999]) await nonces.accepts(`${minute}.${tag}`);
    expect(asked).toEqual([]);
    await nonces.accepts(`${start / 60}.${tag}`);
    expect(asked).toEqual([start / 60]);
  });
});

describe("a proof where nonces are demanded", () => {
  let key: TestKey;
  beforeAll(async () => {
    key = await testKey();
  });
  const evaluate = async (claims: object, made = maker()) => {
    const proof = dpopProof(key, { url: tokenUrl, atSeconds: start }, { claims });
    const evaluated = await verifyDpop({
      proofs: [proof],
      method: "POST",
      url: tokenUrl,
      nowSeconds: start,
      nonces: made.nonces,
    });
    return evaluated.ok ? "ok" : evaluated.error;
  };

  it("holds with the present nonce, and is sent back without one, with an old one and with a made-up one", async () => {
    const { nonces, time } = maker();
    expect(await evaluate({ nonce: await nonces.current() })).toBe("ok");
    expect(await evaluate({})).toEqual({ code: "dpop_nonce_required", sent: "none" });
    time.seconds = start - 120;
    const old = await nonces.current();
    for (const nonce of [old, "x", 7, null, [old]])
      expect(await evaluate({ nonce })).toEqual({ code: "dpop_nonce_required", sent: "old_or_foreign" });
  });

  it("is told to come back only when all else about it holds: nobody else learns that it nearly did", async () => {
    expect(await evaluate({ htm: "GET" })).toMatchObject({ code: "dpop_invalid" });
    expect(await evaluate({ iat: start - 3600 })).toMatchObject({ code: "dpop_invalid" });
  });
});

describe("the endpoints", () => {
  let world: World<Tokens>;
  let planner: TestAgent;
  const nonced = async () => {
    world = await createWorld([], tokens);
    planner = await world.newAgent("ticket-api");
    const made = maker();
    Object.assign(world.deps, { nonces: made.nonces });
    return made;
  };

  it.each(["token", "introspect", "revoke"] as const)(
    "%s: an honest caller hears use_dpop_nonce and 400, then is served with the nonce of that answer",
    async (where) => {
      const { nonces } = await nonced();
      const { createTokenEndpoint } = await import("../../core/endpoints/token.ts");
      const { createIntrospectEndpoint } = await import("../../core/endpoints/introspect.ts");
      const { createRevokeEndpoint } = await import("../../core/endpoints/revoke.ts");
      const make = { token: createTokenEndpoint, introspect: createIntrospectEndpoint, revoke: createRevokeEndpoint };
      const endpoint = withDpopNonce(make[where](world.deps), nonces);
      const form = new URLSearchParams({
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe",
        client_assertion: planner.identity(),
        grant_type: "client_credentials",
        token: "x",
      }).toString();
      const ask = (more: object) =>
        endpoint(
          world.call(form, [
            dpopProof(planner.key, { url: tokenUrl, atSeconds: world.time.seconds }, { claims: more }),
          ]),
        );
      const first = await ask({});
      expect([first.status, JSON.parse(first.body).error]).toEqual([400, "use_dpop_nonce"]);
      const nonce = first.headers?.["DPoP-Nonce"];
      const second = await ask({ nonce });
      expect(second.body).not.toContain("nonce");
      // RFC 9449 8.2: answers of every kind carry the newest
      expect(second.headers?.["DPoP-Nonce"]).toBe(nonce);
    },
  );

  it("without nonces answer as before, without a header", async () => {
    const reply = { status: 200, contentType: "application/json", body: "{}" };
    expect(await withDpopNonce(async () => reply, undefined)(world.call("", []))).toBe(reply);
  });
});
