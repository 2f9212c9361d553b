import { fc, test as property } from "@fast-check/vitest";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { oidc } from "../../../core/attest/methods/oidc/attestor.ts";
import { claimFacts } from "../../../core/attest/methods/oidc/claims.ts";
import { createKeySets } from "../../../core/keys/key-sets.ts";
import type { Check } from "../../../core/model/check.ts";
import { limits } from "../../../core/model/limits.ts";
import type { Registration, TrustedIssuerRegistration } from "../../../core/model/registry.ts";
import { MemoryWeb } from "../../kit/memory/web.ts";
import { agent, registry, tickets } from "../../kit/registry.ts";
import { type TestKey, testKey } from "../../kit/wire/key.ts";

const ours = "https://abc123.lambda-url.eu-west-1.on.aws";
const now = 1_785_542_400;
const [first, second] = ["https://ci.one.example", "https://ci.two.example"];
let key: TestKey;
let rogue: TestKey;
let web: MemoryWeb;

beforeAll(async () => {
  [key, rogue] = await Promise.all([testKey(), testKey()]);
});
const published = (k: TestKey) => ({ ...k.jwk, kid: "k", alg: "ES256", use: "sig" });
beforeEach(() => {
  web = new MemoryWeb();
  web.issuer(first, [published(key)]);
  web.issuer(second, [published(rogue)]);
});

const trusted = (more: Partial<TrustedIssuerRegistration> = {}): TrustedIssuerRegistration => ({
  kind: "trusted-issuer",
  name: "ci",
  purpose: "workload",
  issuer: first,
  algorithms: ["ES256"],
  ...more,
});
const both = [trusted(), trusted({ name: "two", issuer: second })];

const token = (claims: object = {}, header: object = {}, by = key): string =>
  by.jws(
    { alg: "ES256", kid: "k", ...header },
    { iss: first, sub: "job:build", aud: ours, iat: now, exp: now + 300, ...claims },
  );

async function attest(document: unknown, rows: readonly Registration[] = both, jkt = "k-1", checks: Check[] = []) {
  const keySets = createKeySets({ fetcher: web, clock: { nowMillis: () => now * 1000 }, ownIssuer: ours });
  return oidc({ keySets }).attest(
    { type: "oidc", token: document },
    {
      challenge: "c-1",
      jkt,
      issuer: ours,
      nowSeconds: now,
      registry: registry(1, ...rows),
      onCheck: (check) => checks.push(check),
    },
  );
}
const proven = async (...args: Parameters<typeof attest>) => {
  const result = await attest(...args);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
};
const denial = async (...args: Parameters<typeof attest>) => {
  const result = await attest(...args);
  if (result.ok) throw new Error("expected a refusal");
  return result.error;
};

describe("an OIDC workload token", () => {
  it("proves issuer, subject and the claims somebody selects by, at the lowest assurance", async () => {
    const selecting = agent("builder", {
      selectors: [{ type: "oidc", exact: { issuer: first, subject: "job:build", "claim.team": "core" } }],
    });
    const value = await proven(token({ team: "core", run_id: "7", email: "dev@example.com" }), [...both, selecting]);
    expect(value).toMatchObject({
      facts: { issuer: first, subject: "job:build", "claim.team": "core", "claim.run_id": "7" },
      tags: {},
      assurance: "document",
      evidenceEntry: { kind: "evidence", owner: "k-1", expiresAtSeconds: now + 300 + limits.foreignSkewSeconds },
    });
    // nobody asked for the address, so it is in no record
    expect(Object.keys(value.facts)).not.toContain("claim.email");
  });

  it.each(["repo:acme/bot:ref:refs/heads/feat/機能追加", "repo:acme/bot:environment:Prüfung", "ref:größer"])(
    "compares a subject of any script exactly: %s",
    async (sub) => {
      expect((await proven(token({ sub, environment: "Prüfung" }))).facts).toMatchObject({
        subject: sub,
        "claim.environment": "Prüfung",
      });
      const decomposed = sub.normalize("NFD");
      // another way to write the same letters is another subject: nothing is normalized
      expect((await proven(token({ sub: decomposed }))).facts.subject).toBe(decomposed);
    },
  );

  it.each([0x07, 0x0a, 0x200b, 0x202e, 0x2028, 0xfeff, 0xd800])(
    "is refused with a subject that holds the unseen character %s, and a claim with it is no fact",
    async (code) => {
      const unseen = `main${String.fromCharCode(code)}`;
      expect(await denial(token({ sub: unseen }))).toMatchObject({ check: "claim" });
      expect((await proven(token({ ref: unseen }))).facts).not.toHaveProperty("claim.ref");
    },
  );

  it("threat 16: belongs to the key that shows it, by one replay entry however its signature is respelt", async () => {
    const document = token();
    const again = `${document.slice(0, document.lastIndexOf("."))}.${token().split(".")[2]}`;
    const [a, b] = [await proven(document), await proven(again, both, "k-2")];
    expect(b.evidenceEntry.key).toBe(a.evidenceEntry.key);
    expect([a.evidenceEntry.owner, b.evidenceEntry.owner]).toEqual(["k-1", "k-2"]);
  });

  it("threat 8: of another issuer with the same kid never passes for this one's", async () => {
    expect(await denial(token({}, {}, rogue))).toMatchObject({ code: "evidence_invalid", check: "signature" });
    const theirs = await proven(token({ iss: second }, {}, rogue));
    expect(theirs.facts.issuer).toBe(second);
    expect(await denial(token({ iss: second }))).toMatchObject({ check: "signature" });
  });

  it("threat 27: of two issuers with the same content makes two replay entries", async () => {
    const entryKey = async (iss: string, by: TestKey) => (await proven(token({ iss }, {}, by))).evidenceEntry.key;
    expect(await entryKey(first, key)).not.toBe(await entryKey(second, rogue));
  });

  it.each<[string, string, object, object?]>([
    ["for another audience", "audience", { aud: "https://other.example" }],
    ["for us and another", "audience", { aud: [ours, "https://other.example"] }],
    ["threat 4: for AWS STS", "audience", { aud: "sts.amazonaws.com" }],
    ["without audience", "audience", { aud: undefined }],
    ["without subject", "claim", { sub: undefined }],
    ["with an empty subject", "claim", { sub: "" }],
    ["with a subject that is no text", "claim", { sub: 7 }],
    ["without exp", "claim", { exp: undefined }],
    ["without iat", "claim", { iat: undefined }],
    ["that never ends", "claim", { exp: 1e20 }],
    ["that lives longer than an hour", "too_old", { exp: now + 3_601 }],
    ["issued in the future", "not_yet_valid", { iat: now + 31, exp: now + 300 }],
    ["not valid yet", "not_yet_valid", { nbf: now + 31 }],
    ["of an unregistered issuer", "issuer", { iss: "https://ci.three.example" }],
    ["of the issuer with a slash more", "issuer", { iss: `${first}/` }],
    ["without issuer", "shape", { iss: undefined }],
    ["threat 14: that is an access token", "typ", {}, { typ: "at+jwt" }],
    ["threat 14: that is a session token of ours", "typ", {}, { typ: "lanyard-session+jwt" }],
    ["that brings its own key", "header", {}, { jwk: {} }],
    ["that points to its own keys", "header", {}, { jku: "https://evil.example/jwks" }],
    ["with critical extensions", "header", {}, { crit: ["x"], x: 1 }],
    ["of an algorithm not registered", "alg", {}, { alg: "ES384" }],
    ["signed with nothing", "alg", {}, { alg: "none" }],
  ])("is refused %s", async (_name, check, claims, header) => {
    expect(await denial(token(claims, header))).toMatchObject({ code: "evidence_invalid", type: "oidc", check });
  });

  it("gets no skew at its end", async () => {
    expect((await attest(token({ exp: now + 1 }))).ok).toBe(true);
    expect(await denial(token({ iat: now - 300, exp: now }))).toEqual({
      code: "evidence_expired",
      type: "oidc",
      expiredAtSeconds: now,
    });
  });

  it("may live as long as its issuer is registered with, and no second longer", async () => {
    const day = [trusted({ maxTokenLifeSeconds: 86_400 })];
    expect((await attest(token({ exp: now + 86_400 }), day)).ok).toBe(true);
    expect(await denial(token({ exp: now + 86_401 }), day)).toMatchObject({ check: "too_old" });
  });

  it("is for the registered audience alone where its issuer cannot issue for us", async () => {
    const rows = [trusted({ audience: "api://lanyard" })];
    expect((await attest(token({ aud: "api://lanyard" }), rows)).ok).toBe(true);
    expect(await denial(token(), rows)).toMatchObject({ check: "audience" });
    expect(await denial(token({ aud: [ours, "api://lanyard"] }), rows)).toMatchObject({ check: "audience" });
  });

  it.each(["sts.amazonaws.com", "https://sts.eu-west-1.amazonaws.com", tickets, "https://github.com/acme", "a,b", ""])(
    "threat 4: is refused though %j was registered as audience",
    async (audience) => {
      expect(await denial(token({ aud: audience }), [trusted({ audience })])).toMatchObject({ check: "audience" });
    },
  );

  it.each<TrustedIssuerRegistration["purpose"]>(["person", "aws-sts", "spiffe"])(
    "threat 14: of an issuer registered for %s is no workload's",
    async (purpose) => {
      expect(await denial(token(), [trusted({ purpose })])).toMatchObject({ check: "issuer" });
    },
  );

  it.each([undefined, null, 7, {}, ["a"], "", "a.b", "x".repeat(limits.tokenBytes + 1)])(
    "is refused when it is %j",
    async (value) => {
      expect(await denial(value)).toMatchObject({ check: "shape" });
    },
  );

  it("says that keys are missing, not that it is forged, while its issuer cannot be reached", async () => {
    web.failure = "unreachable";
    expect(await denial(token())).toMatchObject({ code: "keys_unavailable", issuer: first });
  });

  it("tells every check in order, up to the one that fails", async () => {
    const checks: Check[] = [];
    await attest(token(), both, "k-1", checks);
    const order = ["registration", "shape", "algorithm", "type", "header", "key", "signature", "claims", "issuer"];
    expect(checks.map((c) => c.name)).toEqual([...order, "audience", "times"]);
    expect(checks.every((c) => c.ok)).toBe(true);
    const failing: Check[] = [];
    await attest(token({}, {}, rogue), both, "k-1", failing);
    expect(failing.filter((c) => !c.ok).map((c) => c.name)).toEqual(["signature"]);
    expect(failing.at(-1)?.name).toBe("signature");
  });
});

describe("facts of claims", () => {
  it("have flat names where Kubernetes and Google nest them", () => {
    const nested = { "kubernetes.io": { namespace: "n", serviceaccount: { name: "s", uid: "u" }, pod: { uid: "p" } } };
    expect(claimFacts({ ...nested, google: { compute_engine: { project_id: "g" } } })).toEqual({
      "claim.kubernetes.namespace": "n",
      "claim.kubernetes.serviceaccount.name": "s",
      "claim.kubernetes.serviceaccount.uid": "u",
      "claim.kubernetes.pod.uid": "p",
      "claim.google.compute_engine.project_id": "g",
    });
  });

  it("never let a claim named like a nested one pass for it", () => {
    expect(claimFacts({ "kubernetes.namespace": "forged", "claim.ref": "forged", "kubernetes.io": [] })).toEqual({});
  });

  it("are text only: a number is not its digits", () => {
    expect(claimFacts({ a: 74, b: true, c: ["x"], d: null, e: "", f: "74", g: "x\u202ey", h: "a\nb" })).toEqual({
      "claim.f": "74",
    });
  });

  it("never replace issuer or subject", () => {
    expect(claimFacts({ iss: "a", sub: "b", aud: "c", jti: "d" })).toEqual({});
  });

  property.prop([fc.dictionary(fc.string(), fc.jsonValue())])("come from any payload without a crash", (payload) => {
    for (const [name, value] of Object.entries(claimFacts(payload as Record<string, unknown>))) {
      expect(name).toMatch(/^claim\.[A-Za-z0-9_.]+$/);
      expect(value.length).toBeGreaterThan(0);
    }
  });
});

property.prop([
  fc.oneof(
    fc.string(),
    fc.jsonValue(),
    fc.tuple(fc.base64String(), fc.base64String()).map((p) => p.join(".")),
  ),
])("no input crashes the attestor or makes it fetch", async (value) => {
  const result = await attest(value);
  expect(result.ok).toBe(false);
  expect(web.asked).toEqual([]);
});
