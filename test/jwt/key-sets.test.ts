import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type JwtRules, verifyJwt } from "../../core/jose/jwt.ts";
import { createKeySets, type KeySets } from "../../core/keys/key-sets.ts";
import { limits } from "../../core/model/limits.ts";
import type { TrustedIssuerRegistration } from "../../core/model/registry.ts";
import { MemoryWeb } from "../kit/memory/web.ts";
import { vectors } from "../kit/vectors.ts";
import { type TestKey, testKey } from "../kit/wire/key.ts";

const start = 1_785_542_400;
const [first, second] = ["https://login.one.example", "https://login.two.example"];
const registered = (issuer: string, more: Partial<TrustedIssuerRegistration> = {}): TrustedIssuerRegistration => ({
  kind: "trusted-issuer",
  name: issuer,
  purpose: "person",
  issuer,
  algorithms: ["ES256"],
  ...more,
});
const published = (key: TestKey, kid: string) => ({ ...key.jwk, kid, alg: "ES256", use: "sig" });

let web: MemoryWeb;
let keySets: KeySets;
let time: { seconds: number };
let keys: { a: TestKey; b: TestKey };

beforeAll(async () => {
  keys = { a: await testKey(), b: await testKey() };
});
beforeEach(() => {
  web = new MemoryWeb();
  time = { seconds: start };
  const clock = { nowMillis: () => time.seconds * 1000 };
  keySets = createKeySets({ fetcher: web, clock, ownIssuer: "https://own.example.com" });
});

const token = (key: TestKey, iss: string, kid: string | undefined): string =>
  key.jws(
    { alg: "ES256", typ: "JWT", kid },
    { iss, sub: "s", aud: "us", iat: time.seconds, exp: time.seconds + 300, jti: "1" },
  );

async function verify(issuer: TrustedIssuerRegistration, jws: string): Promise<string> {
  const rules: JwtRules = {
    typ: ["jwt"],
    algorithms: ["ES256"],
    issuer: issuer.issuer,
    audience: "us",
    nowSeconds: time.seconds,
    skewSeconds: 60,
    requiredClaims: ["exp"],
  };
  const result = await verifyJwt(jws, keySets.lookup(issuer), rules);
  return result.ok ? "ok" : result.error.why;
}

describe("keys of trusted issuers", () => {
  it("verifies by the key the issuer's discovery document leads to, and fetches once", async () => {
    web.issuer(first, [published(keys.a, "k")]);
    for (let i = 0; i < 20; i++) expect(await verify(registered(first), token(keys.a, first, "k"))).toBe("ok");
    expect(web.asked).toEqual([`${first}/.well-known/openid-configuration`, `${first}/jwks`]);
  });

  it("never lets two issuers with one kid vouch for each other", async () => {
    web.issuer(first, [published(keys.a, "k")]);
    web.issuer(second, [published(keys.b, "k")]);
    expect(await verify(registered(first), token(keys.a, first, "k"))).toBe("ok");
    expect(await verify(registered(second), token(keys.b, second, "k"))).toBe("ok");
    expect(await verify(registered(first), token(keys.b, first, "k"))).toBe("signature");
    expect(await verify(registered(second), token(keys.a, second, "k"))).toBe("signature");
  });

  it("spends one round of fetches on a storm of 200 invented kids", async () => {
    web.issuer(first, [published(keys.a, "k")]);
    const jws = Array.from({ length: 200 }, (_, i) => token(keys.a, first, `invented-${i}`));
    const answers = await Promise.all(jws.map((t) => verify(registered(first), t)));
    expect(new Set(answers)).toEqual(new Set(["key_unknown"]));
    expect(web.asked.length).toBe(2);
    for (const t of jws) await verify(registered(first), t);
    expect(web.asked.length).toBe(2);
    expect(await verify(registered(first), token(keys.a, first, "k"))).toBe("ok");
  });

  it("spends one round of fetches while the issuer is unreachable, and asks anew when the refusal said it may be tried", async () => {
    web.failure = "unreachable";
    for (let i = 0; i < 50; i++)
      expect(await verify(registered(first), token(keys.a, first, "k"))).toBe("keys_unavailable");
    expect(web.asked.length).toBe(1);
    web.failure = undefined;
    web.issuer(first, [published(keys.a, "k")]);
    time.seconds += limits.retryAfterSeconds;
    expect(await verify(registered(first), token(keys.a, first, "k"))).toBe("ok");
  });

  it("finds a rotated key once the pause is over, and forgets the withdrawn one", async () => {
    web.issuer(first, [published(keys.a, "old")]);
    expect(await verify(registered(first), token(keys.a, first, "old"))).toBe("ok");
    web.issuer(first, [published(keys.b, "new")]);
    expect(await verify(registered(first), token(keys.b, first, "new"))).toBe("key_unknown");
    time.seconds += limits.keySetPauseSeconds;
    expect(await verify(registered(first), token(keys.b, first, "new"))).toBe("ok");
    expect(await verify(registered(first), token(keys.a, first, "old"))).toBe("key_unknown");
  });

  it("uses a key that was replaced under its own kid no longer than the set's age", async () => {
    web.issuer(first, [published(keys.a, "k")]);
    expect(await verify(registered(first), token(keys.a, first, "k"))).toBe("ok");
    web.issuer(first, [published(keys.b, "k")]);
    time.seconds += limits.keySetAgeSeconds;
    expect(await verify(registered(first), token(keys.a, first, "k"))).toBe("signature");
    expect(await verify(registered(first), token(keys.b, first, "k"))).toBe("ok");
  });

  it("serves a stale set while fetching fails, but not for long", async () => {
    web.issuer(first, [published(keys.a, "k")]);
    await verify(registered(first), token(keys.a, first, "k"));
    web.failure = "timeout";
    time.seconds = start + limits.keySetAgeSeconds + limits.keySetStaleSeconds - 1;
    expect(await verify(registered(first), token(keys.a, first, "k"))).toBe("ok");
    expect(await verify(registered(first), token(keys.b, first, "other"))).toBe("keys_unavailable");
    time.seconds += 1;
    expect(await verify(registered(first), token(keys.a, first, "k"))).toBe("keys_unavailable");
  });

  it.each([
    [1, limits.keySetAgeMinSeconds],
    [10_000_000, limits.keySetAgeMaxSeconds],
  ])("keeps a set whose server says %i s for %i s", async (said, kept) => {
    web.put(`${first}/jwks`, { keys: [published(keys.a, "k")] }, said);
    const issuer = registered(first, { jwksUri: `${first}/jwks` });
    await verify(issuer, token(keys.a, first, "k"));
    time.seconds = start + kept - 1;
    await verify(issuer, token(keys.a, first, "k"));
    expect(web.asked.length).toBe(1);
    time.seconds += 1;
    await verify(issuer, token(keys.a, first, "k"));
    expect(web.asked.length).toBe(2);
  });

  it("does not let an answer from before a freeze replace a newer one", async () => {
    let thaw = () => {};
    web.issuer(first, [published(keys.a, "old")]);
    web.gate = new Promise((resolve) => {
      thaw = resolve;
    });
    const issuer = registered(first, { jwksUri: `${first}/jwks` });
    const frozen = verify(issuer, token(keys.a, first, "old"));
    await new Promise(setImmediate);
    time.seconds += 3600;
    web.gate = undefined;
    web.issuer(first, [published(keys.b, "new")]);
    expect(await verify(issuer, token(keys.b, first, "new"))).toBe("ok");
    thaw();
    await frozen;
    expect(await verify(issuer, token(keys.a, first, "old"))).toBe("key_unknown");
    expect(await verify(issuer, token(keys.b, first, "new"))).toBe("ok");
  });

  it.each([
    ["is not JSON", "nonsense"],
    ["is an array", []],
    ["has no keys", {}],
    ["names a member twice", '{"keys":[],"keys":[]}'],
    ["has too many keys", { keys: Array(limits.keySetKeys + 1).fill({}) }],
    ["is nested too deeply", `{"keys":${"[".repeat(40)}${"]".repeat(40)}}`],
    ["is too large", { keys: [], padding: "x".repeat(limits.keySetBytes) }],
  ])("refuses everything while the key set %s", async (_name, document) => {
    web.issuer(first, []);
    web.put(`${first}/jwks`, document);
    expect(await verify(registered(first), token(keys.a, first, "k"))).toBe("keys_unavailable");
  });

  it.each<[string, (key: object) => object[]]>([
    ["is private", (key) => [{ ...key, d: "AAAA" }]],
    ["is for encryption", (key) => [{ ...key, use: "enc" }]],
    ["may not verify", (key) => [{ ...key, key_ops: ["encrypt"] }]],
    ["is for another algorithm", (key) => [{ ...key, alg: "ES384" }]],
    ["has no kid", (key) => [{ ...key, kid: undefined }]],
    ["shares its kid with another", (key) => [key, { ...key, ...keys.b.jwk, kid: "k" }]],
    ["has a kid that is no text", (key) => [{ ...key, kid: 7 }]],
    ["is symmetric", () => [{ kty: "oct", k: "AAAA", kid: "k", alg: "ES256" }]],
  ])("does not use a key that %s", async (_name, keysOf) => {
    web.issuer(first, keysOf(published(keys.a, "k")));
    expect(await verify(registered(first), token(keys.a, first, "k"))).toBe("key_unknown");
  });

  it.each<[string, (key: object) => object[]]>([
    ["that is listed twice", (key) => [key, key]],
    ["that is listed twice, once with members of its certificate", (key) => [key, { ...key, x5t: "AAAA" }]],
    ["beside one for encryption of that kid", (key) => [key, { ...key, use: "enc" }]],
  ])("uses a key %s", async (_name, keysOf) => {
    web.issuer(first, keysOf(published(keys.a, "k")));
    expect(await verify(registered(first), token(keys.a, first, "k"))).toBe("ok");
  });

  it.each<[string, (key: object) => object[]]>([
    ["with a kid", (key) => [key]],
    ["without", (key) => [{ ...key, kid: undefined }]],
    ["whose kid is null", (key) => [{ ...key, kid: null }]],
  ])("verifies a token that names no key by a set's only one, %s", async (_name, keysOf) => {
    web.issuer(first, keysOf(published(keys.a, "k")));
    expect(await verify(registered(first), token(keys.a, first, undefined))).toBe("ok");
    expect(await verify(registered(first), token(keys.b, first, undefined))).toBe("signature");
  });

  it("guesses among no two: a token that names no key is refused where the issuer has several, without a storm", async () => {
    web.issuer(first, [published(keys.a, "k"), { ...published(keys.b, "l"), kid: undefined }]);
    for (let i = 0; i < 20; i++)
      expect(await verify(registered(first), token(keys.a, first, undefined))).toBe("key_unknown");
    expect(web.asked.length).toBe(2);
  });

  it("fetches keys from a place with a query, and asks nothing of an issuer that nobody can reach", async () => {
    const issuer = "https://kubernetes.default.svc.cluster.local";
    const jwksUri = `${first}/keys?appid=66666666-7777-4888-8999-000000000000`;
    web.put(jwksUri, { keys: [published(keys.a, "k")] });
    expect(await verify(registered(issuer, { jwksUri }), token(keys.a, issuer, "k"))).toBe("ok");
    expect(web.asked).toEqual([jwksUri]);
  });

  it("refuses a discovery document of another issuer", async () => {
    web.put(`${first}/.well-known/openid-configuration`, { issuer: second, jwks_uri: `${first}/jwks` });
    web.put(`${first}/jwks`, { keys: [published(keys.a, "k")] });
    expect(await verify(registered(first), token(keys.a, first, "k"))).toBe("keys_unavailable");
    expect(web.asked.length).toBe(1);
  });

  it.each([
    "http://login.one.example/jwks",
    "https://169.254.169.254/latest/meta-data",
    "https://metadata.google.internal/jwks",
    "https://[::1]/jwks",
    "https://login.one.example:8443/jwks",
    "file:///etc/passwd",
  ])("does not follow a jwks_uri to %s", async (uri) => {
    web.issuer(first, [published(keys.a, "k")], uri);
    expect(await verify(registered(first), token(keys.a, first, "k"))).toBe("keys_unavailable");
    expect(web.asked).toEqual([`${first}/.well-known/openid-configuration`]);
  });

  it("does not follow an STS issuer's document to another host", async () => {
    const sts = "https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws";
    web.issuer(sts, [published(keys.a, "k")], `${second}/jwks`);
    const issuer = registered(sts, { purpose: "aws-sts", algorithms: ["ES256"] });
    expect(await verify(issuer, token(keys.a, sts, "k"))).toBe("keys_unavailable");
    expect(web.asked).not.toContain(`${second}/jwks`);
  });

  it("reads the published documents of a real STS issuer", async () => {
    const discovery = vectors<{ issuer: string; jwks_uri: string }>("sts-web-identity/discovery.real.json");
    web.put(`${discovery.issuer}/.well-known/openid-configuration`, discovery);
    web.put(discovery.jwks_uri, vectors("sts-web-identity/jwks.real.json"));
    const lookup = keySets.lookup(registered(discovery.issuer, { purpose: "aws-sts", algorithms: ["RS256", "ES384"] }));
    expect((await lookup({ alg: "RS256", kid: "RSA_0" })).ok).toBe(true);
    expect((await lookup({ alg: "ES384", kid: "EC384_0" })).ok).toBe(true);
    // one kid, one kind of key: a header cannot talk it into another algorithm
    expect((await lookup({ alg: "ES384", kid: "RSA_0" })).ok).toBe(false);
    expect((await lookup({ alg: "ES256", kid: "EC384_0" })).ok).toBe(false);
  });
});
