import { createHash, createPublicKey } from "node:crypto";
import { GetPublicKeyCommand, type KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { calculateJwkThumbprint, type JWK } from "jose";
import type { SecurityEvent } from "../../core/events/security-event.ts";
import { nameInUserAgent } from "./kms-join-id.ts";

/** Below this no receiver of the CAEP interoperability profile takes a key. */
const leastModulusBits = 2_048;

/**
 * The key of security events: RSA, since receivers must take RS256 and need take nothing else (CAEP interoperability
 * profile). It stands in a key set of its own: no verifier of tokens reads that one, so it can mint no session (threat 3).
 */
export function createEventsKey(kms: KMSClient, keyArn: string) {
  let held: Promise<JWK> | undefined;
  const publicJwk = (): Promise<JWK> => {
    held ??= fetchPublicJwk(kms, keyArn).catch((failure: unknown) => {
      held = undefined;
      throw failure;
    });
    return held;
  };
  return {
    /** The public half as it is published. */
    publicJwk,
    /** Signs a security event token; its header is exactly `alg`, `kid`, `typ`. */
    async sign(header: { readonly typ: string }, claims: SecurityEvent, joinId: string): Promise<string> {
      const { kid } = await publicJwk();
      const input = `${encoded({ alg: "RS256", kid, typ: header.typ })}.${encoded(claims)}`;
      const command = new SignCommand({
        KeyId: keyArn,
        Message: createHash("sha256").update(input).digest(),
        MessageType: "DIGEST",
        SigningAlgorithm: "RSASSA_PKCS1_V1_5_SHA_256",
      });
      nameInUserAgent(command, joinId);
      const { Signature } = await kms.send(command);
      if (!Signature) throw new Error("KMS answered without a signature");
      return `${input}.${Buffer.from(Signature).toString("base64url")}`;
    },
  };
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value), "utf8").toString("base64url");

async function fetchPublicJwk(kms: KMSClient, keyArn: string): Promise<JWK> {
  const { PublicKey: spki, KeyUsage } = await kms.send(new GetPublicKeyCommand({ KeyId: keyArn }));
  if (!spki) throw new Error(`KMS gave no public key for ${keyArn}`);
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  const { kty, n, e } = key.export({ format: "jwk" });
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (kty !== "RSA" || n === undefined || e === undefined || bits < leastModulusBits || KeyUsage !== "SIGN_VERIFY")
    throw new Error(`${keyArn} is no RSA signing key of ${leastModulusBits} bits or more`);
  const kid = await calculateJwkThumbprint({ kty, n, e }, "sha256");
  return { kty, n, e, kid, alg: "RS256", use: "sig" };
}
