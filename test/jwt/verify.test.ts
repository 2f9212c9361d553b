import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { decodeUnverified, type JwtRules, ownKeyLookup, verifyJwt } from "../../core/jose/jwt.ts";
import { signJwt } from "../../core/jose/sign.ts";
import { limits } from "../../core/model/limits.ts";
import { testSigner } from "../kit/keys.ts";
import { testKey } from "../kit/wire/key.ts";

const now = 1_785_542_400;
const key = await testKey();
const other = await testKey();
const signer = testSigner("session", key);
const keyFor = ownKeyLookup([signer.public, testSigner("status", other).public]);
const rules: JwtRules = {
  typ: ["at+jwt"],
  algorithms: ["ES256"],
  issuer: "https://us",
  audience: "them",
  nowSeconds: now,
  skewSeconds: 0,
  requiredClaims: ["sub", "exp", "iat"],
};
const claims = { iss: "https://us", aud: "them", sub: "s", iat: now, exp: now + 60 };
const { token: good } = await signJwt(signer, { typ: "at+jwt", joinId: "s-1" }, claims);
const jws = (more: object = {}, header: object = {}) =>
  key.jws({ alg: "ES256", kid: key.jkt, typ: "at+jwt", ...header }, { ...claims, ...more });
const why = async (token: string, more: Partial<JwtRules> = {}) => {
  const result = await verifyJwt(token, keyFor, { ...rules, ...more });
  return result.ok ? "ok" : result.error.why;
};

describe("a JWT of ours", () => {
  it("verifies, with nothing in its header but alg, kid and typ", async () => {
    const result = await verifyJwt(good, keyFor, { ...rules, exactHeaders: ["alg", "kid", "typ"] });
    expect(result).toEqual({
      ok: true,
      value: { header: { alg: "ES256", kid: key.jkt, typ: "at+jwt" }, payload: claims },
    });
    expect(Object.keys(decodeUnverified(good)?.header ?? {})).toEqual(["alg", "kid", "typ"]);
  });

  test.prop([fc.nat(good.length - 1), fc.constantFrom(..."ABab01-_.= +/")], { numRuns: 200 })(
    "is refused when any one character differs",
    async (at, character) => {
      fc.pre(good[at] !== character);
      expect(await why(good.slice(0, at) + character + good.slice(at + 1))).not.toBe("ok");
    },
  );

  test.prop([fc.nat(good.length), fc.string({ unit: "binary", minLength: 1, maxLength: 3 })])(
    "is refused with anything added",
    async (at, text) => {
      expect(await why(good.slice(0, at) + text + good.slice(at))).not.toBe("ok");
    },
  );

  test.prop([fc.string({ unit: "binary", maxLength: 400 })])("is no other text", async (text) => {
    expect(await why(text)).toBe("malformed");
    expect(decodeUnverified(text)).toBeUndefined();
  });

  test.prop([fc.jsonValue(), fc.jsonValue()], { numRuns: 60 })(
    "is refused, never thrown at, whatever signed header and payload say",
    async (header, payload) => {
      expect(await why(key.jws((header ?? 1) as object, (payload ?? 1) as object))).not.toBe("ok");
      expect(await why(jws({ aud: payload, sub: header }))).not.toBe("ok");
    },
  );

  it("is refused one byte beyond its size", async () => {
    expect(await why(`${good}${"A".repeat(limits.tokenBytes + 1 - good.length)}`)).toBe("too_large");
  });

  it.each<[string, string, object, object?]>([
    ["key_unknown", "no kid", {}, { kid: undefined }],
    ["key_unknown", "an unknown kid", {}, { kid: "x" }],
    ["signature", "another key's kid", {}, { kid: other.jkt }],
    ["header", "an empty kid", {}, { kid: "" }],
    ["header", "a kid that is a number", {}, { kid: 1 }],
    ["header", "a long kid", {}, { kid: "k".repeat(257) }],
    ["alg", "another algorithm", {}, { alg: "ES384" }],
    ["alg", "no algorithm", {}, { alg: undefined }],
    ["typ", "no typ", {}, { typ: undefined }],
    ["typ", "an empty typ", {}, { typ: "" }],
    ["typ", "a nested prefix", {}, { typ: "application/application/at+jwt" }],
    ["header", "its own key", {}, { jwk: key.jwk }],
    ["header", "a key URL", {}, { jku: "https://evil.example" }],
    ["header", "a chain", {}, { x5c: ["AAAA"] }],
    ["header", "an extension", {}, { crit: ["exp"] }],
    ["header", "an empty extension list", {}, { crit: [] }],
    ["header", "a nested token", {}, { cty: "JWT" }],
    ["issuer", "another issuer", { iss: "https://us/" }],
    ["issuer", "an issuer list", { iss: ["https://us"] }],
    ["audience", "no audience", { aud: undefined }],
    ["audience", "two audiences", { aud: ["them", "others"] }],
    ["audience", "itself twice", { aud: ["them", "them"] }],
    ["claim", "no sub", { sub: undefined }],
    ["claim", "a null sub", { sub: null }],
    ["claim", "a sub of a prototype", { sub: "__proto__" }],
    ["claim", "exp as text", { exp: `${now + 60}` }],
    ["claim", "exp in milliseconds", { exp: (now + 60) * 1000 }],
    ["claim", "a negative iat", { iat: -1 }],
    ["claim", "exp before nbf", { nbf: now, exp: now }, {}],
    ["not_yet_valid", "iat in the future", { iat: now + 1 }],
    ["not_yet_valid", "nbf in the future", { nbf: now + 1 }],
  ])("is refused as %s with %s", async (wanted, _name, more, header) => {
    const found = await why(jws(more, header), wanted === "claim" && "nbf" in more ? { ignoreExpiry: true } : {});
    expect(found).toBe(wanted);
  });

  it("is refused as expired, with its time, unless a revocation names it", async () => {
    const old = jws({ iat: now - 100, exp: now - 40 });
    const result = await verifyJwt(old, keyFor, rules);
    expect(result).toMatchObject({ ok: false, error: { why: "expired", expiredAtSeconds: now - 40 } });
    expect(await why(old, { skewSeconds: 41 })).toBe("ok");
    expect(await why(old, { ignoreExpiry: true })).toBe("ok");
    expect(await why(jws({ iat: now - 100, exp: now - 40 }, { kid: other.jkt }), { ignoreExpiry: true })).toBe(
      "signature",
    );
  });

  it("is refused when too old or made to live too long", async () => {
    const aged = jws({ iat: now - 301 });
    expect(await why(aged, { maxAgeSeconds: 301 })).toBe("ok");
    expect(await why(aged, { maxAgeSeconds: 300 })).toBe("too_old");
    expect(await why(aged, { maxLifetimeSeconds: 361 })).toBe("ok");
    expect(await why(aged, { maxLifetimeSeconds: 360 })).toBe("claim");
  });

  it("may lack typ only where that is allowed, and carry no more headers than named", async () => {
    expect(await why(jws({}, { typ: undefined }), { typ: ["jwt", ""] })).toBe("ok");
    expect(await why(jws({}, { typ: "" }), { typ: ["jwt", ""] })).toBe("typ");
    expect(await why(jws({}, { x5t: "x" }))).toBe("ok");
    expect(await why(jws({}, { x5t: "x" }), { exactHeaders: ["alg", "kid", "typ"] })).toBe("header");
  });

  it("is never looked up before its header is acceptable", async () => {
    let looked = 0;
    const counting = async () => {
      looked++;
      return { ok: false as const, error: { why: "key_unknown" as const, detail: "" } };
    };
    for (const header of [{ alg: "none" }, { typ: "JWT" }, { jku: "https://evil.example" }, { kid: 1 }])
      await verifyJwt(jws({}, header), counting, rules);
    expect(looked).toBe(0);
  });
});
