import type { webcrypto } from "node:crypto";
import type { JWK } from "jose";
import {
  type ImportKey,
  rsaBitsLeast,
  type SignatureKind,
  signatureKinds,
  type VerifyingKey,
} from "./verifying-key.ts";

type Parameters = webcrypto.EcKeyImportParams & webcrypto.RsaHashedImportParams & webcrypto.EcdsaParams;

/** WebCrypto's names for each JOSE algorithm, for importing and for verifying. */
const parameters = new Map<string, Partial<Parameters & webcrypto.RsaPssParams> & { readonly name: string }>([
  ["ES256", { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }],
  ["ES384", { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" }],
  ["Ed25519", { name: "Ed25519" }],
  ["EdDSA", { name: "Ed25519" }],
  ["RS256", { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }],
  ["PS256", { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 }],
]);

/** As `import-key.ts`, by WebCrypto, for runtimes other than Node. */
export const importKey: ImportKey = async (alg, jwk) => {
  const [kind, how] = [signatureKinds.get(alg), parameters.get(alg)];
  if (!kind || !how || jwk.kty !== kind.kty || jwk.crv !== kind.crv) return undefined;
  let key: webcrypto.CryptoKey;
  try {
    key = await crypto.subtle.importKey("jwk", { ...bare(jwk), ext: true }, how as Parameters, false, ["verify"]);
  } catch {
    return undefined;
  }
  const { modulusLength = 0 } = key.algorithm as webcrypto.RsaHashedKeyAlgorithm;
  if (kind.kty === "RSA" && modulusLength < rsaBitsLeast) return undefined;
  return verifyingKey(key, how as Parameters, kind.bytes ?? Math.ceil(modulusLength / 8));
};

/** The key without `alg`, since a runtime may know only one of the two names of EdDSA. */
const bare = ({ kty, crv, x, y, n, e }: JWK): webcrypto.JsonWebKey =>
  kty === "RSA"
    ? { kty, n: n ?? "", e: e ?? "" }
    : { kty: kty ?? "", crv: crv ?? "", x: x ?? "", ...(y === undefined ? {} : { y }) };

const verifyingKey = (
  key: webcrypto.CryptoKey,
  how: Parameters,
  bytes: NonNullable<SignatureKind["bytes"]>,
): VerifyingKey => ({
  verify: async (signed, signature) =>
    signature.length === bytes &&
    (await crypto.subtle.verify(how, key, Uint8Array.from(signature), Uint8Array.from(signed))),
});
