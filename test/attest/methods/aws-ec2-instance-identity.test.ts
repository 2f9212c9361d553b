import { readFileSync } from "node:fs";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { Attestor, Expectation } from "../../../core/attest/contract/attestor.ts";
import { withInstanceIdentity } from "../../../core/attest/formats/instance-identity/beside.ts";
import { readSignedData } from "../../../core/attest/formats/instance-identity/signed-data.ts";
import { verifyInstanceIdentity } from "../../../core/attest/formats/instance-identity/verify.ts";
import { awsEc2InstanceIdentity } from "../../../core/attest/methods/aws-ec2-instance-identity/attestor.ts";
import type { Check } from "../../../core/model/check.ts";
import { limits } from "../../../core/model/limits.ts";
import { ok } from "../../../core/model/result.ts";
import { cpuWatch } from "../../kit/patience.ts";
import { registry } from "../../kit/registry.ts";

const folder = new URL("../../vectors/03-ec2-iid/testca/", import.meta.url);
const text = (file: string): string => readFileSync(new URL(file, folder), "utf8");
const certificates = new Map([["us-test-1", text("us-test-1.pem").replaceAll(/-----[^-]+-----|\s/g, "")]]);
const pkcs7 = text("T01-good-no-certs.pkcs7.b64");
const sound = Buffer.from(pkcs7, "base64");
const launch = 1_785_542_400;
const type = "aws-ec2-instance-identity";

const expectation = (more: Partial<Expectation> = {}): Expectation => ({
  challenge: "c-1",
  jkt: "k-1",
  issuer: "https://abc123.lambda-url.eu-west-1.on.aws",
  nowSeconds: launch + 60,
  registry: registry(1),
  ...more,
});
const alone = awsEc2InstanceIdentity({ certificates, allowAlone: true });
const show = (more: Partial<Expectation> = {}, attestor = alone) => attestor.attest({ type, pkcs7 }, expectation(more));

describe("an instance identity document alone", () => {
  it("threat 16: is refused, however genuine, and told apart from a forgery", async () => {
    expect(await show({}, awsEc2InstanceIdentity({ certificates }))).toMatchObject({
      ok: false,
      error: { code: "evidence_insufficient", type },
    });
    const forged = awsEc2InstanceIdentity();
    expect(await show({}, forged)).toMatchObject({
      ok: false,
      error: { code: "evidence_invalid", check: "instance-region" },
    });
  });

  it("where a stage allows it proves the instance at the lowest assurance, and belongs to its first key", async () => {
    expect(await show()).toMatchObject({
      ok: true,
      value: {
        facts: {
          account: "111122223333",
          instanceId: "i-0123456789abcdef0",
          imageId: "ami-0abcdef1234567890",
          region: "us-test-1",
        },
        tags: {},
        assurance: "document",
        evidenceEntry: { kind: "evidence", owner: "k-1" },
      },
    });
  });

  it("threat 16: is one document whoever shows it, so that another key meets its owner", async () => {
    const [a, b] = [await show(), await show({ jkt: "k-2", nowSeconds: launch + 9_000 })];
    if (!a.ok || !b.ok) throw new Error("expected both to be good");
    expect(b.value.evidenceEntry.key).toBe(a.value.evidenceEntry.key);
    expect(b.value.evidenceEntry.owner).toBe("k-2");
  });

  it("threat 16: is refused before its owner is forgotten", async () => {
    const last = launch + limits.instanceIdentityAgeSeconds;
    const result = await show({ nowSeconds: last });
    if (!result.ok) throw new Error("expected it to be good on its last second");
    expect(result.value.evidenceEntry.expiresAtSeconds).toBeGreaterThan(last);
    expect(await show({ nowSeconds: last + 1 })).toMatchObject({
      ok: false,
      error: { code: "evidence_expired", expiredAtSeconds: last },
    });
  });

  it("of an instance launched in the future is refused", async () => {
    expect((await show({ nowSeconds: launch - limits.foreignSkewSeconds })).ok).toBe(true);
    expect(await show({ nowSeconds: launch - limits.foreignSkewSeconds - 1 })).toMatchObject({ ok: false });
  });

  it.each([undefined, null, 1, {}, [], "", "%", "A".repeat(20_000)])(
    "is refused when it is none: %j",
    async (value) => {
      const result = await alone.attest({ type, pkcs7: value }, expectation());
      expect(result).toMatchObject({ ok: false, error: { code: "evidence_invalid" } });
    },
  );
});

describe("an instance identity document as a second fact", () => {
  const role = (facts: Readonly<Record<string, string>>): Attestor => ({
    type: "aws-sts-web-identity",
    attest: async (evidence) =>
      "instanceIdentity" in evidence
        ? { ok: false, error: { code: "evidence_invalid", type: "x", check: "shape", why: "not stripped" } }
        : ok({
            facts,
            tags: {},
            assurance: "fresh",
            evidenceEntry: { kind: "evidence", key: "first", expiresAtSeconds: launch + 300 },
          }),
  });
  const beside = (
    facts: Readonly<Record<string, string>>,
    instanceIdentity: unknown = pkcs7,
    more: Partial<Expectation> = {},
  ) =>
    withInstanceIdentity(role(facts), { certificates }).attest(
      { type: "aws-sts-web-identity", token: "t", instanceIdentity },
      expectation(more),
    );
  const account = "111122223333";

  it("adds instance, image and Region, and lifts neither assurance nor binding", async () => {
    expect(await beside({ account, roleArn: "r" })).toEqual({
      ok: true,
      value: {
        facts: {
          account,
          roleArn: "r",
          ec2InstanceId: "i-0123456789abcdef0",
          ec2ImageId: "ami-0abcdef1234567890",
          ec2Region: "us-test-1",
        },
        tags: {},
        assurance: "fresh",
        evidenceEntry: { kind: "evidence", key: "first", expiresAtSeconds: launch + 300 },
      },
    });
  });

  it("changes nothing where it is left out", async () => {
    const plain = await withInstanceIdentity(role({ account })).attest({ type: "x", token: "t" }, expectation());
    expect(plain).toMatchObject({ ok: true, value: { facts: { account } } });
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ["of another account", { account: "999999999999" }],
    ["beside evidence that names no account", { roleArn: "r" }],
    ["of another instance than the session's", { account, sessionName: "i-0fffffffffffffff0" }],
    ["beside a session somebody named", { account, sessionName: "deploy" }],
  ])("is refused %s", async (_name, facts) => {
    expect(await beside(facts)).toMatchObject({ ok: false, error: { check: "instance-agreement" } });
  });

  it("agrees with the session that EC2 named after the instance", async () => {
    expect((await beside({ account, sessionName: "i-0123456789abcdef0" })).ok).toBe(true);
  });

  it("refuses the whole request when it is forged, rather than leaving it out", async () => {
    for (const forged of [null, "", "AAAA", text("T25-signature-bitflip.pkcs7.b64")])
      expect((await beside({ account }, forged)).ok).toBe(false);
  });

  it("never rescues a first evidence that was refused", async () => {
    const refused: Attestor = {
      type: "x",
      attest: async () => ({ ok: false, error: { code: "evidence_replayed", type: "x" } }),
    };
    const result = await withInstanceIdentity(refused, { certificates }).attest(
      { type: "x", instanceIdentity: pkcs7 },
      expectation(),
    );
    expect(result).toMatchObject({ ok: false, error: { code: "evidence_replayed" } });
  });

  it("tells its checks under names of their own", async () => {
    const checks: Check[] = [];
    await beside({ account }, pkcs7, { onCheck: (check) => checks.push(check) });
    expect(checks.map((c) => c.name)).toEqual(
      ["shape", "pkcs7", "region", "key", "signer", "signature", "validity", "document", "launch", "agreement"].map(
        (name) => `instance-${name}`,
      ),
    );
  });
});

describe("whatever a stranger sends as PKCS#7", () => {
  const options = { nowSeconds: launch, certificates };

  test.prop([fc.uint8Array({ maxLength: 2_000 })])("crashes nothing and is refused", (bytes) => {
    expect(readSignedData(bytes).ok).toBe(false);
    expect(verifyInstanceIdentity(bytes, options).ok).toBe(false);
  });

  test.prop([fc.nat({ max: sound.length - 1 }), fc.integer({ min: 1, max: 255 })])(
    "with any one octet changed says what AWS signed, or is refused",
    (at, mask) => {
      const changed = Buffer.from(sound);
      changed[at] = (changed[at] ?? 0) ^ mask;
      const [was, is] = [verifyInstanceIdentity(sound, options), verifyInstanceIdentity(changed, options)];
      // BER leaves room for respelling what is not signed: what was signed must stay
      if (is.ok) expect(is).toEqual(was);
    },
  );

  it("is refused beyond its bound before anything is parsed", () => {
    const long = Buffer.alloc(limits.instanceIdentityBytes + 1, Buffer.from([0x30, 0x80]));
    const cpuMillis = cpuWatch();
    expect(verifyInstanceIdentity(long, options)).toMatchObject({ ok: false, error: { check: "pkcs7" } });
    expect(verifyInstanceIdentity(long.subarray(0, 8_000), options)).toMatchObject({ ok: false });
    expect(cpuMillis()).toBeLessThan(100);
  });
});
