import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeBase64 } from "../../../core/attest/formats/base64.ts";
import { awsEc2Certificates } from "../../../core/attest/formats/instance-identity/certificates.ts";
import { verifyInstanceIdentity } from "../../../core/attest/formats/instance-identity/verify.ts";
import { readCertificate } from "../../../core/attest/formats/x509.ts";
import { limits } from "../../../core/model/limits.ts";
import { evaluateInstance, instanceDocuments } from "../../../scripts/vectors/evidence/aws-ec2-instance-identity.ts";
import { VectorFolder } from "../../../scripts/vectors/folder.ts";

const folder = new URL("../../vectors/03-ec2-iid/", import.meta.url);
const text = (file: string): string => readFileSync(new URL(file, folder), "utf8");
const pem = (file: string): string => text(file).replaceAll(/-----[^-]+-----|\s/g, "");

interface Case {
  readonly pkcs7?: string;
  readonly id?: string;
  readonly trust_cert?: string;
  readonly expected: string;
  readonly reason?: string;
}

const real = JSON.parse(text("real-manifest.json")) as readonly Case[];
const test = JSON.parse(text("testca-manifest.json")) as readonly Case[];
const clock = 1_785_542_400;

const vectors = new VectorFolder(folder.pathname, "");
const documents = (cases: readonly Case[]) => instanceDocuments.documents(cases, vectors, "") ?? [];

function outcome(file: string, certificates: ReadonlyMap<string, string>): string {
  const bytes = decodeBase64(text(file), limits.instanceIdentityBytes);
  if (!bytes) throw new Error(`${file} is no base64`);
  return verifyInstanceIdentity(bytes, { nowSeconds: clock, certificates }).ok ? "valid" : "invalid";
}

describe("genuine EC2 material", () => {
  it.each(documents(real))("$file: $said", async ({ expected, evaluate }) => {
    expect(expected).toEqual([(await evaluate()).outcome]);
  });

  it("of one Region is refused under every other Region's key", () => {
    const others = [...awsEc2Certificates].filter(([region]) => region !== "us-west-2");
    for (const [, certificate] of others)
      expect(outcome("real/taskcluster-iidverify.rsa2048", new Map([["us-west-2", certificate]]))).toBe("invalid");
  });
});

describe("the test documents", () => {
  it.each(documents(test))("$file: $said", async ({ expected, evaluate }) => {
    expect(expected).toEqual([(await evaluate()).outcome]);
  });

  it("are never AWS's own", () => {
    for (const { pkcs7 = "" } of test) expect(evaluateInstance(vectors, pkcs7).outcome).not.toBe("valid");
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
