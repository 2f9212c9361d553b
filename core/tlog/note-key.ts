import { createHash, createPublicKey } from "node:crypto";
import { err, ok, type Result } from "../model/result.ts";

/**
 * Kinds of signature on a note, by the byte that stands for each (C2SP signed-note): Ed25519 over the text, and a
 * witness's, which is dated (C2SP tlog-cosignature, `cosignature/v1`).
 */
const signatureTypes = { ed25519: 1, cosignature: 4 } as const;

/** A public key that signs notes. Only who was told it beforehand can trust a note by it. */
export interface NoteKey {
  /** Name of the signer, on each of its signatures: no spaces, no `+`. */
  readonly name: string;
  readonly type: keyof typeof signatureTypes;
  /** 32 bytes (RFC 8032). */
  readonly publicKey: Buffer;
}

/** What a key's name may be: nothing in it may look like the end of a name to a reader of notes (C2SP signed-note). */
export const isKeyName = (name: string): boolean => /^[^\s\p{Cc}\p{Z}\p{Cs}+\u0085]{1,1024}$/u.test(name);

/**
 * The four bytes by which a signature says which key made it (C2SP signed-note). It finds a key and proves nothing.
 * @param publicKey 32 bytes
 */
export const keyId = (name: string, publicKey: Uint8Array, type: NoteKey["type"] = "ed25519"): Buffer =>
  createHash("sha256")
    .update(`${name}\n`)
    .update(Buffer.of(signatureTypes[type]))
    .update(publicKey)
    .digest()
    .subarray(0, 4);

/** Text form of a key, as configurations of verifiers hold it: `<name>+<key id, hex>+<base64 of type and key>`. */
export const verifierKey = ({ name, type, publicKey }: NoteKey): string =>
  [
    name,
    keyId(name, publicKey, type).toString("hex"),
    Buffer.concat([Buffer.of(signatureTypes[type]), publicKey]).toString("base64"),
  ].join("+");

/** @returns the key of a text form, or why it is none */
export function readVerifierKey(text: string): Result<NoteKey, string> {
  const [, name = "", id, data = ""] = /^([^+]{1,1024})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,100})$/.exec(text) ?? [];
  const bytes = Buffer.from(data, "base64");
  const type = bytes[0] === 1 ? "ed25519" : bytes[0] === 4 ? "cosignature" : undefined;
  if (!isKeyName(name)) return err("not <name>+<key id>+<key>");
  if (type === undefined || bytes.length !== 33) return err("not an Ed25519 key");
  const key: NoteKey = { name, type, publicKey: bytes.subarray(1) };
  return verifierKey(key) === text && id !== undefined ? ok(key) : err("key id does not fit name and key");
}

/** @returns the 32 bytes of an Ed25519 key in SubjectPublicKeyInfo, as KMS gives it, or why it is none */
export function ed25519OfSpki(spki: Uint8Array): Result<Buffer, string> {
  try {
    const { crv, x } = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" }).export({
      format: "jwk",
    });
    return crv === "Ed25519" && x !== undefined ? ok(Buffer.from(x, "base64url")) : err("not an Ed25519 key");
  } catch {
    return err("not a public key");
  }
}
