import { constants, createPublicKey, type JsonWebKey, type KeyObject, verify } from "node:crypto";
import {
  type ImportKey,
  rsaBitsLeast,
  type SignatureKind,
  signatureKinds,
  type VerifyingKey,
} from "./verifying-key.ts";

/** OpenSSL's names for each JOSE algorithm. The digest is null for EdDSA, which has its own. */
const details = new Map<string, { readonly type: string; readonly curve?: string; readonly digest: string | null }>([
  ["ES256", { type: "ec", curve: "prime256v1", digest: "sha256" }],
  ["ES384", { type: "ec", curve: "secp384r1", digest: "sha384" }],
  ["Ed25519", { type: "ed25519", digest: null }],
  ["EdDSA", { type: "ed25519", digest: null }],
  ["RS256", { type: "rsa", digest: "sha256" }],
  ["PS256", { type: "rsa", digest: "sha256" }],
]);

/**
 * Node's own verification: synchronous, without the queue of a thread pool. It is less strict than WebCrypto, so what
 * WebCrypto demands is checked here: one curve for each algorithm, no short modulus, a PSS salt as long as the digest
 * (by default Node accepts any), and r and s of fixed length, since DER from a stranger has many spellings of one
 * signature.
 */
export const importKey: ImportKey = (alg, jwk) => {
  const [kind, detail] = [signatureKinds.get(alg), details.get(alg)];
  if (!kind || !detail || jwk.kty !== kind.kty || jwk.crv !== kind.crv) return undefined;
  let key: KeyObject;
  try {
    key = createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
  } catch {
    return undefined;
  }
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== detail.type || namedCurve !== detail.curve) return undefined;
  if (kind.kty === "RSA" && modulusLength < rsaBitsLeast) return undefined;
  const bytes = kind.bytes ?? Math.ceil(modulusLength / 8);
  return verifyingKey(key, alg, { kty: kind.kty, bytes, digest: detail.digest });
};

/** How signatures of one key look: their length in bytes, and OpenSSL's digest. */
interface SignatureForm extends Pick<SignatureKind, "kty"> {
  readonly bytes: number;
  readonly digest: string | null;
}

function verifyingKey(key: KeyObject, alg: string, { kty, bytes, digest }: SignatureForm): VerifyingKey {
  if (kty === "EC")
    // Node could make the same DER from r and s, but takes a quarter of the verification's time for it
    return { verify: (signed, rs) => rs.length === bytes && verify(digest, signed, key, derOf(rs)) };
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  // Node uses PKCS #1 1.5 for an RSA key unless told otherwise, and a key without options is passed faster
  const how = alg === "PS256" ? { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : key;
  return { verify: (signed, signature) => signature.length === bytes && verify(digest, signed, how, signature) };
}

/**
 * An ECDSA signature as OpenSSL reads it, in its only DER encoding (X.690 10, RFC 3279 2.2.3).
 * @param rs r and s, big-endian, half the bytes each; for P-384 at most, so that every length fits into one byte
 */
function derOf(rs: Uint8Array): Uint8Array {
  const half = rs.length / 2;
  const [r, s] = [integerAt(rs, 0, half), integerAt(rs, half, rs.length)];
  const der = Buffer.alloc(6 + r.bytes + s.bytes);
  der.set([0x30, 4 + r.bytes + s.bytes, 0x02, r.bytes]);
  der.set(rs.subarray(r.start, half), 4 + r.bytes - (half - r.start));
  der.set([0x02, s.bytes], 4 + r.bytes);
  der.set(rs.subarray(s.start), 6 + r.bytes + s.bytes - (rs.length - s.start));
  return der;
}

/**
 * Where an unsigned integer's first byte is, and its length in DER: one byte longer where a leading zero is needed to
 * keep it positive.
 */
function integerAt(rs: Uint8Array, from: number, to: number): { readonly start: number; readonly bytes: number } {
  let start = from;
  while (start < to - 1 && rs[start] === 0) start++;
  return { start, bytes: to - start + ((rs[start] ?? 0) >> 7) };
}
