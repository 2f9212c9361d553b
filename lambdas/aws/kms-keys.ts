import { createPublicKey } from "node:crypto";
import { GetPublicKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { calculateJwkThumbprint } from "jose";
import type { KeyPurpose, OwnKeys, PublicKey } from "../../core/ports.ts";

/** The KMS client every adapter shares. */
export const kmsClient = (): KMSClient =>
  new KMSClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true },
  });

/** Public halves of KMS keys, each fetched once an instance: a key's public half never changes. */
export function createPublicKeys(kms: KMSClient): (keyArn: string) => Promise<PublicKey> {
  const held = new Map<string, Promise<PublicKey>>();
  return (keyArn) => {
    const known = held.get(keyArn);
    if (known) return known;
    const loading = fetchPublicKey(kms, keyArn);
    held.set(keyArn, loading);
    loading.catch(() => held.delete(keyArn));
    return loading;
  };
}

async function fetchPublicKey(kms: KMSClient, keyArn: string): Promise<PublicKey> {
  const { PublicKey: spki, KeyUsage } = await kms.send(new GetPublicKeyCommand({ KeyId: keyArn }));
  if (!spki) throw new Error(`KMS gave no public key for ${keyArn}`);
  const exported = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" }).export({ format: "jwk" });
  const { kty, crv, x, y } = exported;
  if (kty !== "EC" || crv !== "P-256" || x === undefined || y === undefined || KeyUsage !== "SIGN_VERIFY")
    throw new Error(`${keyArn} is no P-256 signing key; give the function a key of spec ECC_NIST_P256`);
  const jwk = { kty, crv, x, y };
  const kid = await calculateJwkThumbprint(jwk, "sha256");
  return { kid, alg: "ES256", jwk: { ...jwk, kid, alg: "ES256", use: "sig" } };
}

/**
 * This deployment's own public keys.
 * @param arns key ARNs by purpose, current first; a purpose the function has no key of has none
 */
export function createOwnKeys(
  publicKey: (keyArn: string) => Promise<PublicKey>,
  arns: Partial<Readonly<Record<KeyPurpose, readonly string[]>>>,
): OwnKeys {
  return { keys: (purpose) => Promise.all((arns[purpose] ?? []).map(publicKey)) };
}
