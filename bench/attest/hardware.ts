import { readFileSync } from "node:fs";
import { verifyInstanceIdentity } from "../../core/attest/formats/instance-identity/verify.ts";
import { awsNitroRoot } from "../../core/attest/formats/nitro/root.ts";
import { verifyNitroDocument } from "../../core/attest/formats/nitro/verify.ts";
import { awsNitroTpm } from "../../core/attest/methods/aws-nitro-tpm/attestor.ts";
import { nitroClock, nitroPcrs, spkiOf, testNitro } from "../../test/kit/evidence/nitro.ts";
import { registry } from "../../test/kit/registry.ts";
import { testKey } from "../../test/kit/wire/key.ts";
import type { EvidenceKind } from "./kind.ts";

const vectors = new URL("../../test/vectors/", import.meta.url);
const nitro = "02-nitro/real/20230928-110827-aws-nitro-enclave-attestation.bin";
const nitroSeconds = 1_695_899_307;
const instance = "03-ec2-iid/real/taskcluster-iidverify.rsa2048";
const instanceSeconds = 1_785_542_400;

/**
 * Genuine documents of a Nitro enclave (five ECDSA signatures on P-384) and of EC2 (one of RSA-2048), which cannot carry a
 * challenge of ours; and one of a NitroTPM under a root of our own (four signatures), since no genuine one is public.
 */
export async function hardwareEvidenceKinds(): Promise<readonly EvidenceKind[]> {
  const document = readFileSync(new URL(nitro, vectors));
  const pkcs7 = Buffer.from(readFileSync(new URL(instance, vectors), "latin1"), "base64");
  const enclave = { kind: "enclave", root: awsNitroRoot, nowSeconds: nitroSeconds } as const;
  return [
    { type: "aws-nitro-enclave", prove: () => verifyNitroDocument(document, enclave) },
    await tpmKind(),
    {
      type: "aws-ec2-instance-identity",
      prove: async () => verifyInstanceIdentity(pkcs7, { nowSeconds: instanceSeconds }),
    },
  ];
}

async function tpmKind(): Promise<EvidenceKind> {
  const key = await testKey();
  const made = testNitro();
  const issuer = "https://abc123.lambda-url.eu-west-1.on.aws";
  const members = {
    module_id: "i-0123456789abcdef0-tpm0000000000000000",
    pcrs: undefined,
    nitrotpm_pcrs: nitroPcrs(),
    nonce: Buffer.from("c-1"),
    public_key: spkiOf(key),
    user_data: Buffer.from(issuer),
  };
  const evidence = {
    type: "aws-nitro-tpm",
    document: made.document(members, { pcrsAs: "nitrotpm_pcrs" }).toString("base64"),
  };
  const attestor = awsNitroTpm({ root: made.root });
  const expect = { challenge: "c-1", jkt: key.jkt, issuer, nowSeconds: nitroClock, registry: registry(1) };
  return { type: evidence.type, prove: () => attestor.attest(evidence, expect) };
}
