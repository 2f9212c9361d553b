import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createAttestors } from "../../core/attest/attestors.ts";
import type { Expectation } from "../../core/attest/contract/attestor.ts";
import type { MethodGround } from "../../core/attest/contract/method.ts";
import { evidenceTypes } from "../../core/attest/methods.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import { createSpiffeBundles } from "../../core/keys/spiffe-bundles.ts";
import { err } from "../../core/model/result.ts";
import { stsIssuer } from "../kit/evidence/sts.ts";
import { MemoryWeb } from "../kit/memory/web.ts";
import { registry } from "../kit/registry.ts";

const folder = new URL("../vectors/03-ec2-iid/testca/", import.meta.url);
const text = (file: string): string => readFileSync(new URL(file, folder), "utf8");
const launch = 1_785_542_400;
const clock = { nowMillis: () => launch * 1000 };
const issuer = "https://abc123.lambda-url.eu-west-1.on.aws";
const pkcs7 = text("T01-good-no-certs.pkcs7.b64");
const certificates = new Map([["us-test-1", text("us-test-1.pem").replaceAll(/-----[^-]+-----|\s/g, "")]]);
const sts = stsIssuer("https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws", "111122223333");

function wired(more: Partial<MethodGround> = {}) {
  const web = new MemoryWeb();
  web.issuer(sts.issuer, [sts.jwk], `${sts.issuer}/.well-known/jwks.json`);
  const foreign = { fetcher: web, clock, ownIssuer: issuer };
  const relay = { send: async () => err({ why: "unreachable", detail: "nobody asks STS here" } as const) };
  const ground = { keySets: createKeySets(foreign), bundles: createSpiffeBundles(foreign), relay, partition: "aws" };
  return createAttestors({ ...ground, ec2Certificates: certificates, instanceIdentityAlone: false, ...more });
}
const expectation: Expectation = {
  challenge: "c-1",
  jkt: "k-1",
  issuer,
  nowSeconds: launch,
  registry: registry(1, {
    kind: "trusted-issuer",
    name: "account",
    purpose: "aws-sts",
    issuer: sts.issuer,
    algorithms: ["RS256", "ES384"],
    account: sts.account,
  }),
};
const token = () => sts.document(issuer, launch, { "lanyard-challenge": "c-1", "lanyard-jkt": "k-1" }, {});
const show = (type: string, more: object, from = wired()) =>
  from.find((attestor) => attestor.type === type)?.attest({ type, ...more }, expectation);

describe("what the function attest understands", () => {
  it("is each kind of evidence once, and tasks only where the stage grants the look at them", async () => {
    const types = wired().map(({ type }) => type);
    expect(new Set(types).size).toBe(types.length);
    expect(types).toContain("aws-ec2-instance-identity");
    expect(types).not.toContain("ecs-task");
    const unasked = async () => err({ why: "missing", detail: "none" } as const);
    const tasks = { functionVersion: unasked, task: unasked, role: unasked };
    const granted = wired({ tasks }).map(({ type }) => type);
    expect(granted.toSorted()).toEqual([...types, "ecs-task"].toSorted());
    expect(granted.length).toBe(evidenceTypes.size - 1);
  });

  it("threat 18: never takes a caller's word for whom Lambda authenticated, which attest-iam alone can know", async () => {
    expect(wired().map(({ type }) => type)).not.toContain("aws-lambda-url-iam");
  });

  it("threat 16: takes an instance's document alone only where the stage says so", async () => {
    const type = "aws-ec2-instance-identity";
    expect(await show(type, { pkcs7 })).toMatchObject({ ok: false, error: { code: "evidence_insufficient" } });
    expect(await show(type, { pkcs7 }, wired({ instanceIdentityAlone: true }))).toMatchObject({
      ok: true,
      value: { assurance: "document", evidenceEntry: { owner: "k-1" } },
    });
  });

  it("takes it as a second fact beside a role's document, and refuses both when it is forged", async () => {
    const type = "aws-sts-web-identity";
    const facts = { ec2InstanceId: "i-0123456789abcdef0", ec2ImageId: "ami-0abcdef1234567890" };
    expect(await show(type, { token: token(), instanceIdentity: pkcs7 })).toMatchObject({
      ok: true,
      value: { assurance: "fresh", facts: { account: "111122223333", ...facts } },
    });
    const forged = text("T25-signature-bitflip.pkcs7.b64");
    expect(await show(type, { token: token(), instanceIdentity: forged })).toMatchObject({
      ok: false,
      error: { code: "evidence_invalid", check: "instance-signature" },
    });
  });

  it("beside a signed request is evaluated after the request, so that it rescues none", async () => {
    const result = await show("aws-sts-caller-identity", { region: "eu-west-1", headers: {}, instanceIdentity: pkcs7 });
    expect(result).toMatchObject({ ok: false, error: { code: "evidence_invalid", type: "aws-sts-caller-identity" } });
  });

  it("trusts AWS's certificates alone where none are given", async () => {
    const type = "aws-ec2-instance-identity";
    const result = await show(type, { pkcs7 }, wired({ ec2Certificates: undefined, instanceIdentityAlone: true }));
    expect(result).toMatchObject({ ok: false, error: { check: "instance-region" } });
  });
});
