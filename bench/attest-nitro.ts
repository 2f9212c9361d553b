import { readFileSync } from "node:fs";
import { verifyInstanceIdentity } from "../core/attest/aws-ec2-verify.ts";
import { awsNitroRoot } from "../core/attest/aws-nitro-root.ts";
import { verifyNitroDocument } from "../core/attest/aws-nitro-verify.ts";
import { measure, type Row } from "./measure.ts";

const runs = 300;
const vectors = new URL("../test/vectors/", import.meta.url);
const nitro = "02-nitro/real/20230928-110827-aws-nitro-enclave-attestation.bin";
const nitroSeconds = 1_695_899_307;
const instance = "03-ec2-iid/real/taskcluster-iidverify.rsa2048";
const instanceSeconds = 1_785_542_400;

/** Verifications of genuine documents of Nitro (five ECDSA signatures on P-384 each) and EC2 (one of RSA-2048). */
export async function benchAttestNitro(): Promise<Row[]> {
  const document = readFileSync(new URL(nitro, vectors));
  const pkcs7 = Buffer.from(readFileSync(new URL(instance, vectors), "latin1"), "base64");
  const enclave = await measure(runs, async () => {
    const result = await verifyNitroDocument(document, {
      kind: "enclave",
      root: awsNitroRoot,
      nowSeconds: nitroSeconds,
    });
    if (!result.ok) throw new Error(`a measured document was refused: ${result.error.why}`);
  });
  const ec2 = await measure(runs * 10, async () => {
    const result = verifyInstanceIdentity(pkcs7, { nowSeconds: instanceSeconds });
    if (!result.ok) throw new Error(`a measured document was refused: ${result.error.why}`);
  });
  return [
    { section: "attest", name: "aws-nitro-enclave: documents", value: enclave.perSecond, unit: "a second" },
    { section: "attest", name: "aws-nitro-enclave: CPU a document", value: enclave.cpuMicros / 1000, unit: "ms" },
    { section: "attest", name: "aws-ec2-instance-identity: documents", value: ec2.perSecond, unit: "a second" },
    { section: "attest", name: "aws-ec2-instance-identity: CPU a document", value: ec2.cpuMicros / 1000, unit: "ms" },
  ];
}
