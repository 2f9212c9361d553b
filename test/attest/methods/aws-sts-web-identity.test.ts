import { beforeEach, describe, expect, it } from "vitest";
import { awsStsWebIdentity } from "../../../core/attest/methods/aws-sts-web-identity/attestor.ts";
import { createKeySets } from "../../../core/keys/key-sets.ts";
import { limits } from "../../../core/model/limits.ts";
import type { TrustedIssuerRegistration } from "../../../core/model/registry.ts";
import { type StsChanges, stsIssuer } from "../../kit/evidence/sts.ts";
import { MemoryWeb } from "../../kit/memory/web.ts";
import { registry } from "../../kit/registry.ts";

const ours = "https://abc123.lambda-url.eu-west-1.on.aws";
const now = 1_785_542_400;
const sts = stsIssuer("https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws", "123456789012");
const other = stsIssuer("https://99999999-2222-3333-4444-555555555555.tokens.sts.global.api.aws", "999999999999");
const tags = { "lanyard-challenge": "c-1", "lanyard-jkt": "k-1" };

const trusted = (more: Partial<TrustedIssuerRegistration> = {}): TrustedIssuerRegistration => ({
  kind: "trusted-issuer",
  name: "account",
  purpose: "aws-sts",
  issuer: sts.issuer,
  algorithms: ["RS256", "ES384"],
  account: sts.account,
  ...more,
});

let web: MemoryWeb;
beforeEach(() => {
  web = new MemoryWeb();
  for (const { issuer, jwk } of [sts, other]) web.issuer(issuer, [jwk], `${issuer}/.well-known/jwks.json`);
});

async function attest(token: unknown, rows: readonly TrustedIssuerRegistration[] = [trusted()], issuer = ours) {
  const keySets = createKeySets({ fetcher: web, clock: { nowMillis: () => now * 1000 }, ownIssuer: issuer });
  return awsStsWebIdentity({ keySets }).attest(
    { type: "aws-sts-web-identity", token },
    { challenge: "c-1", jkt: "k-1", issuer, nowSeconds: now, registry: registry(1, ...rows) },
  );
}
const document = (changes: StsChanges = {}, iat = now) => sts.document(ours, iat, tags, changes);
const denial = async (result: ReturnType<typeof attest>) => {
  const settled = await result;
  if (settled.ok) throw new Error("expected a refusal");
  return settled.error;
};

describe("an STS document", () => {
  it("proves role, function, account and region, and hands on only the principal's tags", async () => {
    const result = await attest(document());
    expect(result).toMatchObject({
      ok: true,
      value: {
        facts: {
          issuer: sts.issuer,
          account: sts.account,
          roleArn: sts.roleArn,
          functionArn: sts.functionArn,
          sourceRegion: "eu-west-1",
        },
        tags: { team: "support", stage: "prod-eu" },
        assurance: "fresh",
        evidenceEntry: { kind: "evidence", expiresAtSeconds: now + 300 + limits.foreignSkewSeconds },
      },
    });
  });

  it.each<[string, object]>([
    ["ou_path as text, as documented", { ou_path: "o-a1b2c3d4e5/r-ab12/ou-ab12-1/" }],
    ["no principal_id, as documented", { principal_id: undefined }],
    [
      "nothing but the account",
      {
        ou_path: undefined,
        org_id: undefined,
        lambda_source_function_arn: undefined,
        principal_tags: undefined,
        source_region: undefined,
      },
    ],
  ])("is accepted with %s", async (_name, changed) => {
    expect((await attest(document({ sts: changed }))).ok).toBe(true);
  });

  it("tells the organization only when it is registered and says so", async () => {
    const wanted = [trusted({ organization: "o-abc1234567" })];
    const result = await attest(document(), wanted);
    expect(result.ok && result.value.facts.organization).toBe("o-abc1234567");
    expect(await denial(attest(document({ sts: { org_id: "o-other" } }), wanted))).toMatchObject({
      check: "organization",
    });
    expect(await denial(attest(document({ sts: { org_id: undefined } }), wanted))).toMatchObject({
      check: "organization",
    });
  });

  const tagsOf = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}`.padEnd(128, "k"), `${i}`.padEnd(256, "v")]));

  it("is taken with the 50 longest tags that a role can have, and names itself as its issuer does", async () => {
    const token = sts.document(ours, now, tags, { sts: { principal_tags: tagsOf(50) }, claims: { jti: "jti-of-sts" } });
    expect(token.length).toBeGreaterThan(26_000);
    const result = await attest(token);
    expect(result.ok && Object.keys(result.value.tags).length).toBe(50);
    expect(result.ok && result.value.documentId).toBe("jti-of-sts");
  });

  it("is refused unread when it is longer than any of AWS's", async () => {
    const token = sts.document(ours, now, tags, { sts: { principal_tags: tagsOf(99) } });
    expect(token.length).toBeGreaterThan(limits.stsDocumentBytes);
    expect(await denial(attest(token))).toMatchObject({ check: "shape" });
  });

  it("threat 27: is marked by issuer and jti, so that no issuer consumes another's", async () => {
    const jti = { claims: { jti: "same" } };
    const theirs = other.document(ours, now, tags, jti);
    const both = [trusted(), trusted({ name: "two", issuer: other.issuer, account: other.account })];
    const [a, b] = [await attest(document(jti), both), await attest(theirs, both)];
    if (!a.ok || !b.ok) throw new Error("expected both to be good");
    expect(a.value.evidenceEntry.key).not.toBe(b.value.evidenceEntry.key);
  });

  it.each<[string, string | undefined, object]>([
    ["no challenge", "challenge", { "lanyard-jkt": "k-1" }],
    ["another challenge", "challenge", { ...tags, "lanyard-challenge": "c-2" }],
    ["no key", "jkt", { "lanyard-challenge": "c-1" }],
    ["a thief's key", "jkt", { ...tags, "lanyard-jkt": "k-2" }],
    ["both only in capitals", "challenge", { "Lanyard-Challenge": "c-1", "Lanyard-Jkt": "k-1" }],
  ])("threat 16: is refused with %s", async (_name, field, requestTags) => {
    const token = sts.document(ours, now, requestTags);
    expect(await denial(attest(token))).toEqual({ code: "evidence_unbound", type: "aws-sts-web-identity", field });
  });

  it("threat 16: bound by its principal's tags instead of the request's is refused", async () => {
    const token = document({ sts: { request_tags: undefined, principal_tags: tags } });
    expect(await denial(attest(token))).toMatchObject({ code: "evidence_unbound" });
  });

  it("is refused when its own expiry has passed, though it is young", async () => {
    const token = document({ claims: { exp: now - 60 } }, now - 120);
    expect(await denial(attest(token))).toMatchObject({ code: "evidence_expired", expiredAtSeconds: now - 60 });
  });

  it("is refused beyond five minutes of age, whatever its own expiry", async () => {
    const aged = (age: number) => attest(document({ claims: { exp: now + 3000 } }, now - age));
    expect((await aged(limits.evidenceAgeSeconds)).ok).toBe(true);
    expect(await denial(aged(limits.evidenceAgeSeconds + 1))).toMatchObject({
      check: "too_old",
    });
  });

  it.each<[string, string, StsChanges]>([
    ["for another audience", "audience", { claims: { aud: "https://other.example" } }],
    ["for us and another", "audience", { claims: { aud: [ours, "https://other.example"] } }],
    ["without audience", "audience", { claims: { aud: undefined } }],
    ["without jti", "claim", { claims: { jti: undefined } }],
    ["without exp", "claim", { claims: { exp: undefined } }],
    ["that lives a day", "claim", { claims: { exp: now + 86_400 } }],
    ["issued in the future", "not_yet_valid", { claims: { iat: now + 120 } }],
    ["about an origin identity", "subject", { claims: { subject_mode: "OriginIdentity" } }],
    ["about an origin identity, said inside", "subject", { sts: { subject_mode: "OriginIdentity" } }],
    ["of an IAM user", "subject", { claims: { sub: "arn:aws:iam::123456789012:user/alice" } }],
    ["of the root user", "subject", { claims: { sub: "arn:aws:iam::123456789012:root" } }],
    ["of an assumed-role session", "subject", { claims: { sub: "arn:aws:sts::123456789012:assumed-role/R/s" } }],
    ["of a role with a wildcard", "subject", { claims: { sub: "arn:aws:iam::123456789012:role/*" } }],
    ["of a person by Identity Center", "subject", { sts: { identity_store_user_id: "265222f4" } }],
    [
      "whose principal_id is another role",
      "subject",
      { sts: { principal_id: "arn:aws:iam::123456789012:role/Other" } },
    ],
    ["whose principal_id is a list", "subject", { sts: { principal_id: [sts.roleArn] } }],
    ["whose aws_account is another", "account", { sts: { aws_account: "999999999999" } }],
    ["whose aws_account is a number", "account", { sts: { aws_account: 123456789012 } }],
    ["without aws_account", "account", { sts: { aws_account: undefined } }],
    ["of another account's role", "account", { claims: { sub: other.roleArn }, sts: { principal_id: other.roleArn } }],
    ["of another account's function", "account", { sts: { lambda_source_function_arn: other.functionArn } }],
    ["of something that is no function", "account", { sts: { lambda_source_function_arn: "arn:aws:s3:::b" } }],
    ["with tags that are no texts", "tags", { sts: { principal_tags: { team: ["a"] } } }],
    ["with request tags as a list", "tags", { sts: { request_tags: [tags] } }],
    ["with an ou_path of numbers", "claims", { sts: { ou_path: [1] } }],
    ["without STS's claims", "claims", { claims: { "https://sts.amazonaws.com/": undefined } }],
    ["with another typ", "typ", { header: { typ: "at+jwt" } }],
    ["without typ", "typ", { header: { typ: undefined } }],
    ["with ES256 in its header", "alg", { header: { alg: "ES256" } }],
    ["with alg none", "alg", { header: { alg: "none" } }],
    ["with a key URL", "header", { header: { jku: "https://evil.example/jwks" } }],
    ["with an unknown kid", "key_unknown", { header: { kid: "EC384_9" } }],
  ])("is refused %s", async (_name, check, changes) => {
    expect(await denial(attest(document(changes)))).toMatchObject({ code: "evidence_invalid", check });
    expect(web.asked.every((url) => url.startsWith(sts.issuer))).toBe(true);
  });

  it("is refused of another account's issuer under the same kid", async () => {
    // signed by `other`, but claiming to come from the registered issuer
    const forged = other.document(ours, now, tags, { claims: { iss: sts.issuer, sub: sts.roleArn } });
    expect(await denial(attest(forged))).toMatchObject({ code: "evidence_invalid", check: "signature" });
  });

  it.each<[string, StsChanges]>([
    ["unregistered", { claims: { iss: other.issuer } }],
    ["with a trailing slash", { claims: { iss: `${sts.issuer}/` } }],
    ["in capitals", { claims: { iss: sts.issuer.toUpperCase() } }],
    ["over http", { claims: { iss: sts.issuer.replace("https", "http") } }],
    ["with a suffix", { claims: { iss: `${sts.issuer}.evil.example` } }],
  ])("never causes a fetch for an issuer %s", async (_name, changes) => {
    expect(await denial(attest(document(changes)))).toMatchObject({ code: "evidence_invalid", check: "issuer" });
    expect(web.asked).toEqual([]);
  });

  it.each([
    "https://login.people.example",
    "https://evil.tokens.sts.global.api.aws",
    "https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws.evil.example",
    "http://127.0.0.1:4601",
  ])("is refused of a host that is no account's, even when %s is registered", async (issuer) => {
    const loose = stsIssuer(issuer, sts.account);
    web.issuer(issuer, [loose.jwk]);
    const token = loose.document(ours, now, tags);
    expect(await denial(attest(token, [trusted({ issuer })]))).toMatchObject({ check: "issuer" });
    expect(web.asked).toEqual([]);
  });

  it("threat 31: of a loopback issuer counts only where our own issuer is one", async () => {
    const local = stsIssuer("http://127.0.0.1:4601", sts.account);
    const own = "http://127.0.0.1:4600";
    web.issuer(local.issuer, [local.jwk]);
    expect((await attest(local.document(own, now, tags), [trusted({ issuer: local.issuer })], own)).ok).toBe(true);
  });

  it("is refused of an issuer that is trusted for people only, or has no account", async () => {
    expect(await denial(attest(document(), [trusted({ purpose: "person" })]))).toMatchObject({ check: "issuer" });
    const { account: _, ...nameless } = trusted();
    expect(await denial(attest(document(), [nameless]))).toMatchObject({ check: "account" });
  });

  it("is refused, to be tried again, while the issuer's keys cannot be fetched", async () => {
    web.failure = "unreachable";
    expect(await denial(attest(document()))).toMatchObject({ code: "keys_unavailable", issuer: sts.issuer });
  });

  it.each([undefined, null, 1, {}, [], "", "x", "a.b.c", "x".repeat(20_000)])(
    "is refused when it is not a token: %j",
    async (token) => {
      expect(await denial(attest(token))).toMatchObject({ code: "evidence_invalid", check: "shape" });
    },
  );
});
