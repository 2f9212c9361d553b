import type { JWK } from "jose";

/** A public key as the runtime holds it, for exactly one algorithm. */
export interface VerifyingKey {
  /**
   * Whether `signature` is a signature of this key over `signed`.
   * @param signature as RFC 7518 3 and RFC 8037 3.1 define it; one of any other length is refused
   */
  verify(signed: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}

/**
 * Port: what a runtime verifies signatures with, synchronously where it can. `import-key.ts` is Node's,
 * `import-key.web.ts` WebCrypto's. Both give the same answer for every key and signature.
 * @param jwk read by `publicJwkFor`
 * @returns undefined for a key that does not fit the algorithm: another curve, a point that is not on the curve, a
 * short modulus
 */
export type ImportKey = (alg: string, jwk: JWK) => VerifyingKey | undefined | Promise<VerifyingKey | undefined>;

/** What an algorithm requires of a key and of a signature's length. */
export interface SignatureKind {
  readonly kty: "EC" | "OKP" | "RSA";
  /** JOSE's name of the curve. */
  readonly crv?: string;
  /** Bytes of each signature; an RSA one is as long as its modulus. */
  readonly bytes?: number;
}

/** Every algorithm that signatures are verified with here (RFC 7518 3.1, RFC 8037 3.1, RFC 9864 2.2). */
export const signatureKinds: ReadonlyMap<string, SignatureKind> = new Map([
  ["ES256", { kty: "EC", crv: "P-256", bytes: 64 }],
  ["ES384", { kty: "EC", crv: "P-384", bytes: 96 }],
  ["Ed25519", { kty: "OKP", crv: "Ed25519", bytes: 64 }],
  ["EdDSA", { kty: "OKP", crv: "Ed25519", bytes: 64 }],
  ["RS256", { kty: "RSA" }],
  ["PS256", { kty: "RSA" }],
]);

/** RFC 7518 3.3 and 3.5: shorter RSA keys must not be used. */
export const rsaBitsLeast = 2_048;
