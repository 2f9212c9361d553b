import { sign } from "node:crypto";
import { verifyOidcToken } from "../core/attest/oidc.ts";
import { verifyJwtSvid } from "../core/attest/spiffe-jwt-svid.ts";
import { svidBindingBytes, verifyX509Svid } from "../core/attest/spiffe-x509-svid.ts";
import { registeredLookup } from "../core/keys/key-sets.ts";
import { readSpiffeBundle } from "../core/keys/spiffe-bundle.ts";
import type { TrustedIssuerRegistration } from "../core/registry/model.ts";
import { issue } from "../test/fakes/certificates.ts";
import { testKey } from "../test/fakes/keys.ts";
import { bareVerify } from "./issue.ts";
import { measure, type Row } from "./measure.ts";

const runs = 2_000;
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

/** Documents of workload issuers and federated trust domains verified a second, ES256, keys at hand, one at a time. */
export async function benchAttestTokens(): Promise<Row[]> {
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
  return [
    ...(await rowsOf("oidc", () => verifyOidcToken(token, { issuer: ci, keys: lookup(ci), audience, nowSeconds }))),
    ...(await rowsOf("spiffe-jwt-svid", () => verifyJwtSvid(svid, jwtSvid))),
    ...(await rowsOf("spiffe-x509-svid", async () => verifyX509Svid(evidence, x509))),
  ];
}

async function rowsOf(type: string, verify: () => Promise<{ readonly ok: boolean }>): Promise<Row[]> {
  const { cpuMicros, perSecond } = await measure(runs, async () => {
    if (!(await verify()).ok) throw new Error(`a measured document of type ${type} was refused`);
  });
  const ratio = { of: "one bare ES256 verification", value: cpuMicros / (await bareVerify()) };
  return [
    { section: "attest", name: `${type} documents`, value: perSecond, unit: "a second" },
    { section: "attest", name: `CPU a ${type} document`, value: cpuMicros / 1000, unit: "ms", ratio },
  ];
}
