/** Key material of the embedded KMS: made once, kept on disk for its owner only, never handed out. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A key of the account. */
export interface Key {
  readonly id: string;
  readonly arn: string;
  readonly spec: string;
  readonly usage: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  readonly material: { readonly privateKey: KeyObject } | { readonly secret: Buffer } | undefined;
}

/** What the template says about a key. */
export type KeyDescription = Omit<Key, "material">;

/**
 * Loads a key's material or makes it.
 * @param description the key
 * @param directory folder of the keys; absent = in memory
 * @returns the key; a symmetric key has no material, since no data passes through this KMS
 */
export function openKey(description: KeyDescription, directory: string | undefined): Key {
  const { id, spec } = description;
  if (spec === "SYMMETRIC_DEFAULT") return { ...description, material: undefined };
  const file = directory === undefined ? undefined : join(directory, `${id}.json`);
  if (file !== undefined && existsSync(file)) {
    return { ...description, material: read(JSON.parse(readFileSync(file, "utf8")) as Stored) };
  }
  const stored = make(spec, id);
  if (file !== undefined && directory !== undefined) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(file, JSON.stringify(stored), { mode: 0o600 });
  }
  return { ...description, material: read(stored) };
}

type Stored = { readonly pkcs8: string } | { readonly secret: string };

function make(spec: string, id: string): Stored {
  if (spec === "HMAC_256") return { secret: randomBytes(32).toString("base64") };
  const privateKey = makePair(spec)?.privateKey;
  if (privateKey === undefined) throw new Error(`key ${id}: key spec ${spec} is not known to the embedded KMS`);
  return { pkcs8: privateKey.export({ type: "pkcs8", format: "der" }).toString("base64") };
}

function makePair(spec: string) {
  if (spec === "ECC_NIST_P256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  if (spec === "ECC_NIST_EDWARDS25519") return generateKeyPairSync("ed25519");
  const [, bits] = /^RSA_(2048|3072|4096)$/.exec(spec) ?? [];
  return bits === undefined ? undefined : generateKeyPairSync("rsa", { modulusLength: Number(bits) });
}

function read(stored: Stored): NonNullable<Key["material"]> {
  if ("secret" in stored) return { secret: Buffer.from(stored.secret, "base64") };
  const key = Buffer.from(stored.pkcs8, "base64");
  return { privateKey: createPrivateKey({ key, format: "der", type: "pkcs8" }) };
}
