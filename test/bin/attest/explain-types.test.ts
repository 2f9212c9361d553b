import { sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { svidBindingBytes } from "../../../core/attest/methods/spiffe-x509-svid/attestor.ts";
import { issue } from "../../kit/evidence/certificates.ts";
import { nitroClock, spkiOf, testNitro } from "../../kit/evidence/nitro.ts";
import { vectors } from "../../kit/vectors.ts";
import { testKey } from "../../kit/wire/key.ts";
import { at, explain, file, settings, setUp, vector } from "./explained.ts";

setUp();

describe("every type, when it is right and when it is not", () => {
  const oidc = vectors<{ now: number; audience: string; cases: { name: string; token: string; issuer: string }[] }>(
    "oidc/cases.json",
  );
  const jwks = vectors<Record<string, object>>("oidc/test-jwks.json");
  const caseOf = (name: string) => oidc.cases.find((each) => each.name === name) ?? expect.fail(name);
  const github = caseOf("github good");
  const trusting = (issuer: string, more: object = {}) => ({
    issuer: oidc.audience,
    trustedIssuers: [{ purpose: "workload", issuer, algorithms: ["RS256"], keys: jwks[issuer], ...more }],
  });
  const selecting = (exact: object) => ({
    ...trusting(github.issuer),
    selectors: [{ type: "oidc", exact: { issuer: github.issuer, ...exact } }],
  });

  it("oidc: accepts by settings alone, at the lowest assurance, and prints the facts", async () => {
    const { told, code } = await explain(github.token, ...at(oidc.now), ...settings(trusting(github.issuer)));
    expect(code).toBe(0);
    expect(told).toMatchObject({ type: "oidc", accepted: true, assurance: "document" });
    expect(told.facts).toMatchObject({ issuer: github.issuer, "claim.repository_id": "74" });
    expect(told.checks.map(({ name }) => name)).toEqual(
      "registration shape algorithm type header key signature claims issuer audience times".split(" "),
    );
  });

  it.each([
    ["a key of the same kid", "github rogue key", {}, "signature"],
    ["an issuer nobody registered", "github enterprise issuer", {}, "registration"],
    ["another audience", "github audience of AWS STS", {}, "audience"],
    ["an end before its beginning", "github expired", {}, "claims"],
    ["another kind of token", "github typ at+jwt", {}, "type"],
  ])("oidc: refuses %s", async (_case, name, more, failed) => {
    const given = settings(trusting(github.issuer, more));
    expect((await explain(caseOf(name).token, ...at(oidc.now), ...given)).outcome).toEqual([1, false, failed]);
  });

  it("oidc: evaluates it at the clock it is given, to the second", async () => {
    const given = settings(trusting(github.issuer));
    expect((await explain(github.token, ...at(oidc.now + 299), ...given)).outcome).toEqual([0, true, ""]);
    expect((await explain(github.token, ...at(oidc.now + 300), ...given)).outcome).toEqual([1, false, "times"]);
    expect((await explain(github.token, "--at", "2026-08-01T00:04:59Z", ...given)).code).toBe(0);
  });

  it("oidc: holds it to the selectors, and names what is missed", async () => {
    const sub = "repo:octo-org/octo-repo:environment:prod";
    const fits = await explain(github.token, ...at(oidc.now), ...settings(selecting({ subject: sub })));
    expect(fits.outcome).toEqual([0, true, ""]);
    const wrong = { subject: sub, "claim.repository_id": "75" };
    const misses = await explain(github.token, ...at(oidc.now), ...settings(selecting(wrong)));
    expect(misses.outcome).toEqual([1, false, "selectors"]);
    expect(misses.told.checks.at(-1)?.detail).toContain("claim.repository_id");
    expect(misses.told.assurance).toBeNull();
  });

  it("spiffe-jwt-svid: holds it to its trust domain's bundle and to no other", async () => {
    const file = vectors<{ now: number; audience: string; cases: { name: string; token: string }[] }>(
      "spiffe/jwt-svid-cases.json",
    );
    const domain = (name: string, keys: object) => ({
      issuer: file.audience,
      trustedIssuers: [
        { purpose: "spiffe", issuer: `spiffe://${name}`, jwksUri: "https://b.example/b", algorithms: ["ES256"], keys },
      ],
    });
    const token = file.cases.find(({ name }) => name === "success")?.token ?? "";
    const bundle = vectors<object>("spiffe/test-bundle.example.org.json");
    const good = await explain(token, ...at(file.now), ...settings(domain("example.org", bundle)));
    expect(good.told).toMatchObject({ type: "spiffe-jwt-svid", accepted: true, assurance: "document" });
    const partner = vectors<object>("spiffe/test-bundle.partner.example.json");
    const foreign = await explain(token, ...at(file.now), ...settings(domain("example.org", partner)));
    expect(foreign.outcome).toEqual([1, false, "key"]);
    const unknown = await explain(token, ...at(file.now), ...settings(domain("other.example", bundle)));
    expect(unknown.outcome).toEqual([1, false, "registration"]);
  });

  it("aws-sts-web-identity: is fresh only when challenge, key and audience were held against it", async () => {
    const sts = vectors<{ now: number; issuer: string; audience: string; cases: { name: string; token: string }[] }>(
      "sts-web-identity/tokens.json",
    );
    const keys = vectors<object>("sts-web-identity/test-jwks.json");
    const row = {
      purpose: "aws-sts",
      issuer: sts.issuer,
      algorithms: ["ES384", "RS256"],
      account: "123456789012",
      keys,
    };
    const token = sts.cases.find(({ name }) => name === "good-es384")?.token ?? "";
    const loose = await explain(token, ...at(sts.now), ...settings({ trustedIssuers: [row] }));
    expect(loose.told).toMatchObject({ accepted: true, assurance: "document" });
    const ours = await explain(token, ...at(sts.now), ...settings({ issuer: sts.audience, trustedIssuers: [row] }));
    expect(ours.told).toMatchObject({ accepted: true, assurance: "audience" });
    const bound = { issuer: sts.audience, challenge: "c", jkt: "j", trustedIssuers: [row] };
    expect((await explain(token, ...at(sts.now), ...settings(bound))).outcome).toEqual([1, false, "challenge"]);
    const other = { trustedIssuers: [{ ...row, account: "210987654321" }] };
    expect((await explain(token, ...at(sts.now), ...settings(other))).code).toBe(1);
  });

  it("aws-ec2-instance-identity: knows AWS's certificates, and trusts none that is brought along", async () => {
    const real = await explain(vector("03-ec2-iid/real/taskcluster-iidverify.rsa2048"));
    expect(real.told).toMatchObject({ type: "aws-ec2-instance-identity", accepted: true, assurance: "document" });
    expect(real.told.facts).toMatchObject({ account: "692406183521", region: "us-west-2" });
    const document = vector("03-ec2-iid/testca/T01-good-no-certs.pkcs7.b64");
    expect((await explain(document)).code).toBe(1);
    const region = vector("03-ec2-iid/testca/us-test-1.pem").toString();
    const pinned = settings({ ec2Certificates: { "us-test-1": region } });
    expect((await explain(document, ...at(1_785_542_400), ...pinned)).outcome).toEqual([0, true, ""]);
    expect((await explain(vector("03-ec2-iid/testca/T23-truncated.pkcs7.b64"), ...pinned)).code).toBe(1);
  });

  it("aws-nitro-enclave: under a root of one's own, is measured when all three expected values fit", async () => {
    const key = await testKey();
    const { root, document } = testNitro();
    const bytes = document({
      nonce: Buffer.from("c-1"),
      user_data: Buffer.from("https://id.example"),
      public_key: spkiOf(key),
    });
    const nitroRoot = `-----BEGIN CERTIFICATE-----\n${Buffer.from(root).toString("base64")}\n-----END CERTIFICATE-----`;
    const bound = { issuer: "https://id.example", challenge: "c-1", jkt: key.jkt, nitroRoot };
    const good = await explain(bytes, ...at(nitroClock), ...settings(bound));
    expect(good.told).toMatchObject({ type: "aws-nitro-enclave", accepted: true, assurance: "measured" });
    expect((await explain(bytes, ...at(nitroClock))).outcome).toEqual([1, false, "certificates"]);
    for (const [name, failed] of [
      ["challenge", "challenge"],
      ["jkt", "key"],
      ["issuer", "issuer"],
    ] as const)
      expect((await explain(bytes, ...at(nitroClock), ...settings({ ...bound, [name]: "x" }))).outcome).toEqual([
        1,
        false,
        failed,
      ]);
    const loose = await explain(bytes, ...at(nitroClock), ...settings({ nitroRoot }));
    expect(loose.told).toMatchObject({ accepted: true, assurance: "document" });
  });

  it("keys may stand in a file beside the settings; one that is missing or none is said so", async () => {
    file("keys.json", jwks[github.issuer] ?? {});
    const naming = (keys: string) => settings(trusting(github.issuer, { keys }));
    expect((await explain(github.token, ...at(oidc.now), ...naming("keys.json"))).code).toBe(0);
    expect((await explain(github.token, ...at(oidc.now), ...naming("absent.json"))).code).toBe(2);
    file("keys.json", "no keys");
    expect((await explain(github.token, ...at(oidc.now), ...naming("keys.json"))).outcome).toEqual([1, false, "key"]);
  });

  it("aws-lambda-url-iam: has no document that could prove anything here", async () => {
    const { code, told } = await explain({ type: "aws-lambda-url-iam", "lanyard-jkt": "k" });
    expect([code, told.accepted]).toEqual([1, false]);
  });
});

describe("spiffe-x509-svid", () => {
  const now = 1_785_542_400;
  const root = issue({ subject: "root", ca: true });
  const leaf = issue({ uris: ["spiffe://one.example/billing"] }, root);
  const pem = `-----BEGIN CERTIFICATE-----\n${leaf.der.toString("base64")}\n-----END CERTIFICATE-----\n`;
  const keys = { keys: [{ use: "x509-svid", kty: "EC", x5c: [root.der.toString("base64")] }] };
  const trustedIssuers = [
    { purpose: "spiffe", issuer: "spiffe://one.example", jwksUri: "https://b.example/b", algorithms: ["ES256"], keys },
  ];
  const binding = { challenge: "c", jkt: "j", issuer: "https://id.example" };
  const evidence = (over: object = {}) => ({
    type: "spiffe-x509-svid",
    chain: [leaf.der.toString("base64")],
    signature: sign("sha256", svidBindingBytes({ ...binding, ...over }), leaf.privateKey).toString("base64"),
  });

  it.each<[string, string | Uint8Array]>([
    ["PEM", pem],
    ["DER", leaf.der],
    ["base64", leaf.der.toString("base64")],
    ["hex", leaf.der.toString("hex")],
  ])("a chain alone, as %s, is held to its bundle, and its holder is not proven", async (_form, document) => {
    const { told, code } = await explain(document, ...at(now), ...settings({ trustedIssuers }));
    expect([code, told.type, told.assurance]).toEqual([0, "spiffe-x509-svid", "document"]);
    expect(told.checks.map(({ name }) => name)).not.toContain("binding");
  });

  it("a signature is held to challenge, key and issuer where all three are given", async () => {
    const given = settings({ ...binding, trustedIssuers });
    expect((await explain(evidence(), ...at(now), ...given)).told).toMatchObject({
      accepted: true,
      assurance: "fresh",
    });
    for (const other of [{ challenge: "x" }, { jkt: "x" }, { issuer: "https://other.example" }])
      expect((await explain(evidence(other), ...at(now), ...given)).outcome).toEqual([1, false, "binding"]);
  });

  it("a chain of another root, or one that has expired, is refused", async () => {
    const stranger = issue({ uris: ["spiffe://one.example/billing"] }, issue({ subject: "root", ca: true }));
    expect((await explain(stranger.der, ...at(now), ...settings({ trustedIssuers }))).outcome).toEqual([
      1,
      false,
      "path",
    ]);
    expect((await explain(leaf.der, ...at(now + 10_000_000), ...settings({ trustedIssuers }))).outcome[2]).toBe("path");
    expect((await explain(leaf.der, ...at(now))).outcome).toEqual([1, false, "path"]);
  });
});
