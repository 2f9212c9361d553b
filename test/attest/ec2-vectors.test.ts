import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { awsEc2Certificates } from "../../core/attest/aws-ec2-certificates.ts";
import { verifyInstanceIdentity } from "../../core/attest/aws-ec2-verify.ts";
import { decodeBase64 } from "../../core/attest/base64.ts";
import { readCertificate } from "../../core/attest/x509.ts";
import { limits } from "../../core/limits.ts";

const folder = new URL("../vectors/03-ec2-iid/", import.meta.url);
const text = (file: string): string => readFileSync(new URL(file, folder), "utf8");
const pem = (file: string): string => text(file).replaceAll(/-----[^-]+-----|\s/g, "");

interface Case {
  readonly pkcs7?: string;
  readonly id?: string;
  readonly trust_cert?: string;
  readonly expected: string;
  readonly reason?: string;
}

const real = (JSON.parse(text("real-manifest.json")) as readonly Case[]).filter((c) => c.pkcs7 !== undefined);
const test = JSON.parse(text("testca-manifest.json")) as readonly Case[];
const clock = 1_785_542_400;

function outcome(file: string, certificates?: ReadonlyMap<string, string>): string {
  const bytes = decodeBase64(text(file), limits.instanceIdentityBytes);
  // what cannot be read as base64 within the bound never reaches the parser
  if (!bytes) return text(file).length > limits.instanceIdentityBytes * 2 ? "policy-reject" : "invalid";
  const result = verifyInstanceIdentity(bytes, { nowSeconds: clock, ...(certificates ? { certificates } : {}) });
  return result.ok ? "valid" : result.error.genuine ? "policy-reject" : "invalid";
}

/** Only the RSA-2048 form binds the Region: the others are refused. Nothing looser than AWS's own shape is taken. */
const decided = (expected: string): string =>
  expected === "either" || expected.startsWith("valid-if-") ? "invalid" : expected;

describe("genuine EC2 material", () => {
  it.each(real)("$id: $expected", ({ pkcs7 = "", expected }) => {
    expect(outcome(pkcs7)).toBe(decided(expected));
  });

  it("of one Region is refused under every other Region's key", () => {
    const others = [...awsEc2Certificates].filter(([region]) => region !== "us-west-2");
    for (const [, certificate] of others)
      expect(outcome("real/taskcluster-iidverify.rsa2048", new Map([["us-west-2", certificate]]))).toBe("invalid");
  });
});

describe("the test documents", () => {
  it.each(test)("$pkcs7: $expected ($reason)", ({ pkcs7 = "", expected, trust_cert = "" }) => {
    const pinned = pem(trust_cert);
    const regions = ["us-test-1", "us-test-2", "us-east-1"];
    expect(outcome(pkcs7, new Map(regions.map((region) => [region, pinned])))).toBe(decided(expected));
  });

  it("are never AWS's own", () => {
    for (const { pkcs7 = "" } of test) expect(outcome(pkcs7)).not.toBe("valid");
  });
});

describe("the table of Regions", () => {
  it("holds the published certificate of a Region", () => {
    for (const region of ["us-west-2", "us-east-1"])
      expect(awsEc2Certificates.get(region)).toBe(pem(`aws-certs/rsa2048/${region}.pem`));
  });

  it("holds one key of RSA-2048 or more a Region, and none twice", () => {
    const keys = new Set<string>();
    for (const [region, certificate] of awsEc2Certificates) {
      const read = readCertificate(Buffer.from(certificate, "base64"));
      if (!read.ok) throw new Error(`${region}: ${read.error}`);
      const { publicKey } = read.value;
      expect(publicKey.asymmetricKeyDetails?.modulusLength).toBeGreaterThanOrEqual(2_048);
      keys.add(publicKey.export({ type: "spki", format: "pem" }).toString());
    }
    expect(keys.size).toBe(awsEc2Certificates.size);
  });
});
