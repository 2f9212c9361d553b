import { fc, test as property } from "@fast-check/vitest";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { spiffeJwtSvid, verifyJwtSvid } from "../../../core/attest/methods/spiffe-jwt-svid/attestor.ts";
import { verifyIdentityToken } from "../../../core/caller/identity-token.ts";
import { registeredLookup } from "../../../core/keys/key-sets.ts";
import { readSpiffeBundle } from "../../../core/keys/spiffe-bundle.ts";
import { createSpiffeBundles } from "../../../core/keys/spiffe-bundles.ts";
import { limits } from "../../../core/model/limits.ts";
import type { Registration, TrustedIssuerRegistration } from "../../../core/model/registry.ts";
import { decidedSvid } from "../../../scripts/vectors/evidence/spiffe.ts";
import { ownKeys, testSigner } from "../../kit/keys.ts";
import { MemoryWeb } from "../../kit/memory/web.ts";
import { registry, trustDomain } from "../../kit/registry.ts";
import { vectors } from "../../kit/vectors.ts";
import { type TestKey, testKey } from "../../kit/wire/key.ts";

const federated = (domain: string, more: Partial<TrustedIssuerRegistration> = {}): TrustedIssuerRegistration => ({
  kind: "trusted-issuer",
  name: domain,
  purpose: "spiffe",
  issuer: `spiffe://${domain}`,
  jwksUri: `https://bundles.${domain}/bundle`,
  algorithms: ["ES256", "ES384", "RS256", "PS256"],
  ...more,
});

describe("JWT-SVID vectors", () => {
  const { now, audience, cases } = vectors<{
    now: number;
    audience: string;
    cases: readonly { name: string; token: string; expected: string }[];
  }>("spiffe/jwt-svid-cases.json");
  const bundle = readSpiffeBundle(Buffer.from(JSON.stringify(vectors("spiffe/test-bundle.example.org.json"))));
  if (!bundle.ok) throw new Error(bundle.error.why);
  const domain = federated("example.org");
  const keys = registeredLookup(domain, async () => ({ value: bundle.value.jwtKeys }));

  it.each(cases.map((c) => [c.name, c] as const))("vector: %s", async (name, { token, expected }) => {
    const result = await verifyJwtSvid(token, { domain, keys, audience, nowSeconds: now });
    expect(result.ok ? "valid" : "invalid").toBe(decidedSvid(name, expected) ?? expected);
  });
});

const ours = "https://abc123.lambda-url.eu-west-1.on.aws";
const now = 1_785_542_400;
let key: TestKey;
let rogue: TestKey;
let web: MemoryWeb;
const bundleOf = (k: TestKey, more: object = {}, kid = "k") => ({
  keys: [{ ...k.jwk, kid, use: "jwt-svid" }],
  spiffe_sequence: 1,
  ...more,
});

beforeAll(async () => {
  [key, rogue] = await Promise.all([testKey(), testKey()]);
});
beforeEach(() => {
  web = new MemoryWeb();
  web.put("https://bundles.one.example/bundle", bundleOf(key));
  web.put("https://bundles.two.example/bundle", bundleOf(rogue));
});

const both = [federated("one.example"), federated("two.example")];
const svid = (claims: object = {}, header: object = {}, by = key) =>
  by.jws(
    { alg: "ES256", kid: "k", typ: "JWT", ...header },
    { sub: "spiffe://one.example/ns/billing", aud: ours, exp: now + 300, iat: now, ...claims },
  );

async function attest(token: unknown, rows: readonly Registration[] = both, jkt = "k-1") {
  const bundles = createSpiffeBundles({ fetcher: web, clock: { nowMillis: () => now * 1000 }, ownIssuer: ours });
  return spiffeJwtSvid({ bundles }).attest(
    { type: "spiffe-jwt-svid", token },
    { challenge: "c-1", jkt, issuer: ours, nowSeconds: now, registry: registry(1, ...rows) },
  );
}
const denial = async (...args: Parameters<typeof attest>) => {
  const result = await attest(...args);
  if (result.ok) throw new Error("expected a refusal");
  return result.error;
};

describe("a JWT-SVID", () => {
  it("proves its SPIFFE ID and trust domain, at the lowest assurance, for the first key", async () => {
    expect(await attest(svid())).toMatchObject({
      ok: true,
      value: {
        facts: { spiffeId: "spiffe://one.example/ns/billing", trustDomain: "one.example" },
        tags: {},
        assurance: "document",
        evidenceEntry: { kind: "evidence", owner: "k-1", expiresAtSeconds: now + 300 + limits.foreignSkewSeconds },
      },
    });
  });

  it("threat 28: of one domain never speaks for the same path in another, though both have one kid", async () => {
    const theirs = { sub: "spiffe://two.example/ns/billing" };
    expect(await denial(svid(theirs))).toMatchObject({ check: "signature" });
    expect(await denial(svid({}, {}, rogue))).toMatchObject({ check: "signature" });
    expect(await attest(svid(theirs, {}, rogue))).toMatchObject({
      ok: true,
      value: { facts: { trustDomain: "two.example" } },
    });
  });

  it("threat 27: of two domains makes two replay entries", async () => {
    const [a, b] = [await attest(svid()), await attest(svid({ sub: "spiffe://two.example/ns/billing" }, {}, rogue))];
    if (!a.ok || !b.ok) throw new Error("expected both to be good");
    expect(a.value.evidenceEntry.key).not.toBe(b.value.evidenceEntry.key);
  });

  it("threat 28: of our own trust domain is no evidence, whatever is registered", async () => {
    web.put(`https://bundles.${trustDomain}/bundle`, bundleOf(key));
    const token = svid({ sub: `spiffe://${trustDomain}/agent/planner` });
    expect(await denial(token, [...both, federated(trustDomain)])).toMatchObject({ check: "trust-domain" });
    expect(web.asked).toEqual([]);
  });

  it("threat 14: foreign and genuine never passes as a client assertion", async () => {
    const signer = testSigner("identity", await testKey());
    const clock = { nowMillis: () => now * 1000 };
    const verify = (token: string) =>
      verifyIdentityToken(token, { ownKeys: ownKeys(signer), issuer: ours, clock, trustDomain });
    const cnf = { cnf: { jkt: "k-1" }, jti: "1", assurance: "fresh" };
    expect((await attest(svid())).ok).toBe(true);
    expect((await verify(svid())).ok).toBe(false);
    expect((await verify(svid({ ...cnf, sub: `spiffe://${trustDomain}/agent/planner` }))).ok).toBe(false);
    // not even under the kid of our own key
    expect((await verify(svid({ ...cnf }, { kid: signer.public.kid }))).ok).toBe(false);
  });

  it.each<[string, string, object, object?]>([
    ["for another audience", "audience", { aud: "https://other.example" }],
    ["for us and another", "audience", { aud: [ours, "other"] }],
    ["without audience", "claim", { aud: undefined }],
    ["without exp", "claim", { exp: undefined }],
    ["of a domain not federated with", "trust-domain", { sub: "spiffe://three.example/x" }],
    ["about a trust domain itself", "spiffe-id", { sub: "spiffe://one.example" }],
    ["about a name in capitals", "spiffe-id", { sub: "spiffe://One.example/x" }],
    ["about nobody", "spiffe-id", { sub: undefined }],
    ["that lives longer than an hour", "too_old", { exp: now + 3_601 }],
    ["that does not say since when and ends in a day", "too_old", { iat: undefined, exp: now + 86_400 }],
    ["with a header that is not a JWT-SVID's", "header", {}, { x5t: "abc" }],
    ["typed in lower case", "typ", {}, { typ: "jwt" }],
    ["typed as a media type", "typ", {}, { typ: "application/jwt" }],
    ["that is a WIT-SVID", "typ", {}, { typ: "wit+jwt" }],
    ["without kid", "key_unknown", {}, { kid: undefined }],
  ])("is refused %s", async (_name, check, claims, header) => {
    expect(await denial(svid(claims, header))).toMatchObject({ code: "evidence_invalid", check });
  });

  it("need not say when it was made", async () => {
    expect((await attest(svid({ iat: undefined }))).ok).toBe(true);
  });

  it("is refused when the domain is registered for another purpose", async () => {
    expect(await denial(svid(), [federated("one.example", { purpose: "workload" })])).toMatchObject({
      check: "trust-domain",
    });
  });

  property.prop([fc.oneof(fc.string(), fc.jsonValue())])(
    "no input crashes the attestor or makes it fetch",
    async (value) => {
      expect((await attest(value)).ok).toBe(false);
      expect(web.asked).toEqual([]);
    },
  );
});
