import { sign } from "node:crypto";
import { awsStsWebIdentity } from "../../core/attest/methods/aws-sts-web-identity/attestor.ts";
import { verifyOidcToken } from "../../core/attest/methods/oidc/attestor.ts";
import { verifyJwtSvid } from "../../core/attest/methods/spiffe-jwt-svid/attestor.ts";
import { svidBindingBytes, verifyX509Svid } from "../../core/attest/methods/spiffe-x509-svid/attestor.ts";
import { createKeySets, registeredLookup } from "../../core/keys/key-sets.ts";
import { readSpiffeBundle } from "../../core/keys/spiffe-bundle.ts";
import type { TrustedIssuerRegistration } from "../../core/model/registry.ts";
import { issue } from "../../test/kit/evidence/certificates.ts";
import { stsIssuer } from "../../test/kit/evidence/sts.ts";
import { MemoryWeb } from "../../test/kit/memory/web.ts";
import { registry } from "../../test/kit/registry.ts";
import { testKey } from "../../test/kit/wire/key.ts";
import type { EvidenceKind } from "./kind.ts";

const nowSeconds = 1_785_542_400;
const audience = "https://abc123.lambda-url.eu-west-1.on.aws";
const spiffeId = "spiffe://partner.example/ns/billing";

const trusted = (purpose: "workload" | "spiffe", issuer: string): TrustedIssuerRegistration => ({
  kind: "trusted-issuer",
  name: "measured",
  purpose,
  issuer,
  algorithms: ["ES256"],
});

/** Tokens and certificates of registered issuers, keys at hand: ES256, but ES384 as STS signs. */
export async function tokenEvidenceKinds(): Promise<readonly EvidenceKind[]> {
  return [stsKind(), ...(await foreignKinds())];
}

/** GetWebIdentityToken by the whole attestor: registered issuer, ES384, claims, challenge and key. */
function stsKind(): EvidenceKind {
  const sts = stsIssuer("https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws", "123456789012");
  const web = new MemoryWeb();
  web.issuer(sts.issuer, [sts.jwk], `${sts.issuer}/.well-known/jwks.json`);
  const clock = { nowMillis: () => nowSeconds * 1000 };
  const attestor = awsStsWebIdentity({ keySets: createKeySets({ fetcher: web, clock, ownIssuer: audience }) });
  const tags = { "lanyard-challenge": "c", "lanyard-jkt": "k" };
  const evidence = { type: "aws-sts-web-identity", token: sts.document(audience, nowSeconds, tags) };
  const account: TrustedIssuerRegistration = {
    kind: "trusted-issuer",
    name: "account",
    purpose: "aws-sts",
    issuer: sts.issuer,
    algorithms: ["ES384"],
    account: sts.account,
  };
  const expect = { challenge: "c", jkt: "k", issuer: audience, nowSeconds, registry: registry(1, account) };
  return { type: evidence.type, prove: () => attestor.attest(evidence, expect) };
}

async function foreignKinds(): Promise<readonly EvidenceKind[]> {
  const key = await testKey();
  const root = issue({ subject: "root", ca: true });
  const leaf = issue({ uris: [spiffeId] }, root);
  const document = {
    keys: [
      { ...key.jwk, kid: "k", use: "jwt-svid" },
      { use: "x509-svid", x5c: [root.der.toString("base64")] },
    ],
  };
  const bundle = readSpiffeBundle(Buffer.from(JSON.stringify(document)));
  if (!bundle.ok) throw new Error(bundle.error.why);
  const ci = trusted("workload", "https://ci.example.com");
  const domain = trusted("spiffe", "spiffe://partner.example");
  const lookup = (issuer: TrustedIssuerRegistration) =>
    registeredLookup(issuer, async () => ({ value: bundle.value.jwtKeys }));
  const header = { alg: "ES256", kid: "k" };
  const claims = { aud: audience, iat: nowSeconds, exp: nowSeconds + 300 };
  const token = key.jws(header, { ...claims, iss: ci.issuer, sub: "job:build", repository_id: "74" });
  const svid = key.jws(header, { ...claims, sub: spiffeId });
  const binding = { challenge: "c", jkt: "k", issuer: audience };
  const signature = sign("sha256", svidBindingBytes(binding), leaf.privateKey).toString("base64");
  const evidence = { type: "spiffe-x509-svid", chain: [leaf.der.toString("base64")], signature };
  const x509 = { ...binding, nowSeconds, domain, bundle: bundle.value };
  const jwtSvid = { domain, keys: lookup(domain), audience, nowSeconds };
  const oidcToken = { issuer: ci, keys: lookup(ci), audience, nowSeconds };
  return [
    { type: "oidc", prove: () => verifyOidcToken(token, oidcToken) },
    { type: "spiffe-jwt-svid", prove: () => verifyJwtSvid(svid, jwtSvid) },
    { type: "spiffe-x509-svid", prove: async () => verifyX509Svid(evidence, x509) },
  ];
}
