import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { KMSClient } from "@aws-sdk/client-kms";
import { listen } from "../../kit/wire/server.ts";

/** What a call to the stand-in carried. */
interface KmsCall {
  readonly operation: string;
  readonly input: Record<string, unknown>;
  readonly userAgent: string;
}

const metadata = {
  AWSAccountId: "111122223333",
  KeySpec: "ECC_NIST_P256",
  KeyUsage: "SIGN_VERIFY",
  Origin: "AWS_KMS",
  MultiRegion: false,
};

/** A stand-in for KMS that speaks its wire protocol to the real client. */
export interface FakeKms {
  readonly client: KMSClient;
  readonly calls: KmsCall[];
  readonly publicKey: KeyObject;
  /** The signing input whose digest may be signed: KMS signs digests, Node's `sign` cannot. */
  expect(input: Uint8Array): void;
  /** What DescribeKey says differently. */
  described: Record<string, unknown>;
  /** What GetKeyPolicy answers. */
  policy: string;
  /** Set to answer with this instead. */
  answer: Record<string, unknown> | undefined;
  /** Calls that fail from now on. */
  failing: number;
  close(): Promise<void>;
}

export async function startKms(): Promise<FakeKms> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const macKey = randomBytes(32);
  let expected: Uint8Array = Buffer.alloc(0);
  const reply = (operation: string, input: Record<string, unknown>): Record<string, unknown> => {
    if (operation === "GetPublicKey") {
      const spki = publicKey.export({ format: "der", type: "spki" });
      return { KeyId: input.KeyId, PublicKey: spki.toString("base64"), KeyUsage: "SIGN_VERIFY" };
    }
    if (operation === "DescribeKey") return { KeyMetadata: { ...metadata, Arn: input.KeyId, ...kms.described } };
    if (operation === "GetKeyPolicy") return { Policy: kms.policy, PolicyName: "default" };
    if (operation === "Sign")
      return { KeyId: input.KeyId, Signature: sign("sha256", expected, privateKey).toString("base64") };
    const mac = createHmac("sha256", macKey).update(Buffer.from(String(input.Message), "base64"));
    return { KeyId: input.KeyId, Mac: mac.digest("base64") };
  };
  const calls: KmsCall[] = [];
  const server = await listen(({ headers, body }) => {
    const operation = String(headers["x-amz-target"]).replace("TrentService.", "");
    const input = JSON.parse(body) as Record<string, unknown>;
    calls.push({ operation, input, userAgent: headers["user-agent"] ?? "" });
    const fails = kms.failing > 0;
    if (fails) kms.failing -= 1;
    return {
      status: fails ? 400 : 200,
      headers: { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": "kms-1" },
      body: JSON.stringify(fails ? { __type: "DisabledException" } : (kms.answer ?? reply(operation, input))),
    };
  });
  const kms: FakeKms = {
    client: new KMSClient({
      endpoint: server.origin,
      region: "eu-west-1",
      credentials: { accessKeyId: "AKIALOCAL", secretAccessKey: "local" },
      maxAttempts: 1,
    }),
    calls,
    publicKey,
    expect: (input) => {
      expected = input;
    },
    described: {},
    policy: "{}",
    answer: undefined,
    failing: 0,
    async close() {
      kms.client.destroy();
      await server.close();
    },
  };
  return kms;
}
