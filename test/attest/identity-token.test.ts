import { describe, expect, it } from "vitest";
import { type IdentityClaims, identityPayload, verifyIdentityToken } from "../../core/caller/identity-token.ts";
import { signJwt } from "../../core/jose/sign.ts";
import { ownKeys, testSigner } from "../kit/keys.ts";
import { agentId, trustDomain } from "../kit/registry.ts";
import { testKey } from "../kit/wire/key.ts";

const issuer = "https://abc123.lambda-url.eu-west-1.on.aws";
const now = 1_785_542_400;
const [identityKey, sessionKey, callerKey] = await Promise.all([testKey(), testKey(), testKey()]);
const identity = testSigner("identity", identityKey);
const session = testSigner("session", sessionKey);
const deps = (nowSeconds = now) => ({
  ownKeys: ownKeys(identity, session),
  issuer,
  trustDomain,
  clock: { nowMillis: () => nowSeconds * 1000 },
});
const sub = agentId("planner");
const claims: IdentityClaims = {
  sub,
  jkt: callerKey.jkt,
  assurance: "fresh",
  evidence: { type: "aws-sts-web-identity", facts: { account: "123456789012" } },
  epochs: { deployment: 0, [`agent:${sub}`]: 3 },
  expiresAtSeconds: now + 300,
  jti: "j-1",
};
const header = { alg: "ES256", kid: identityKey.jkt, typ: "JWT" };
const token = (more: object = {}, head: object = {}, key = identityKey) =>
  key.jws({ ...header, ...head }, { ...identityPayload(claims, issuer, issuer), ...more });
const code = async (text: string, nowSeconds = now) => {
  const result = await verifyIdentityToken(text, deps(nowSeconds));
  return result.ok ? "ok" : result.error.code;
};

describe("an identity token", () => {
  it("comes back as it was made", async () => {
    const { token: signed, kid } = await signJwt(
      identity,
      { typ: "JWT", joinId: "j-1" },
      identityPayload(claims, issuer, issuer),
    );
    expect(await verifyIdentityToken(signed, deps())).toEqual({ ok: true, value: claims });
    // JWT-SVID 2: no other header members
    expect(JSON.parse(Buffer.from(signed.split(".")[0] ?? "", "base64url").toString())).toEqual({
      alg: "ES256",
      kid,
      typ: "JWT",
    });
  });

  it("keeps its build and the epoch of that build", async () => {
    const built = { ...claims, build: "sha256:1", epochs: { ...claims.epochs, "build:sha256:1": 2 } };
    const text = token(identityPayload(built, issuer, issuer));
    expect(await verifyIdentityToken(text, deps())).toEqual({ ok: true, value: built });
  });

  it("ends at the second, without skew", async () => {
    expect(await code(token(), now + 299)).toBe("ok");
    expect(await code(token(), now + 300)).toBe("assertion_expired");
  });

  it("threat 14: is refused when another key of ours signed it", async () => {
    expect(await code(token({}, { kid: sessionKey.jkt }, sessionKey))).toBe("assertion_invalid");
    expect(await code(token({}, {}, sessionKey))).toBe("assertion_invalid");
  });

  it.each<[string, object, object?]>([
    ["by a caller's own key", {}, { kid: callerKey.jkt }],
    ["without kid", {}, { kid: undefined }],
    ["threat 14: typed as access token", {}, { typ: "at+jwt" }],
    ["threat 14: typed as session token", {}, { typ: "lanyard-session+jwt" }],
    ["without typ", {}, { typ: undefined }],
    ["with another header member", {}, { x5t: "x" }],
    ["threat 4: for another audience", { aud: "spiffe://partner.example" }],
    ["threat 4: for AWS STS", { aud: "sts.amazonaws.com" }],
    ["for us and another", { aud: [issuer, "https://other.example"] }],
    ["for us with a slash", { aud: `${issuer}/` }],
    ["of another issuer", { iss: "https://other.example" }],
    ["of an agent of this name in another trust domain", { sub: "spiffe://other.example/agent/planner" }],
    ["whose sub is no agent", { sub: `spiffe://${trustDomain}/user/planner` }],
    ["whose sub is a person", { sub: "p_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }],
    ["threat 9: bound to no key", { cnf: undefined }],
    ["threat 9: bound to something short", { cnf: { jkt: "x" } }],
    ["without assurance", { assurance: undefined }],
    ["of an unknown assurance", { assurance: "certain" }],
    ["without jti", { jti: undefined }],
    ["without epochs", { gen: undefined }],
    ["threat 5: without its agent's epoch", { gen: { deployment: 0 } }],
    ["threat 5: with another agent's epoch only", { gen: { deployment: 0, [`agent:${agentId("x")}`]: 0 } }],
    ["threat 5: without the deployment's", { gen: { [`agent:${sub}`]: 0 } }],
    ["threat 5: without its build's", { build: "sha256:1" }],
    ["with a epoch that is text", { gen: { ...claims.epochs, deployment: "0" } }],
    ["with a negative epoch", { gen: { ...claims.epochs, deployment: -1 } }],
    ["with epochs as a list", { gen: [0] }],
    ["that lives too long", { exp: now + 301 }],
    ["issued in the future", { iat: now + 1 }],
  ])("is refused %s", async (_name, more, head) => {
    expect(await code(token(more, head))).toBe("assertion_invalid");
  });

  it.each(["", "x", "..", "a.b.c"])("is refused when it is no token: %j", async (text) => {
    expect(await code(text)).toBe("assertion_invalid");
  });
});
