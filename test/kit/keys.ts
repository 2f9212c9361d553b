import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, type JWK } from "jose";
import type {
  Ids,
  KeyPurpose,
  PublicKey,
  PublishedOwnKeys,
  Signer,
  SigningAlgorithm,
  SigningKey,
} from "../../core/model/ports.ts";

/** A P-256 key of a test, made when it is needed and never kept. */
export interface TestKey {
  readonly jwk: JWK;
  readonly jkt: string;
  /** Compact JWS with exactly this header and payload. */
  jws(header: object, payload: object): string;
  raw(input: Uint8Array): Uint8Array;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Makes a fresh key. */
export async function testKey(): Promise<TestKey> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = await exportJWK(publicKey);
  const raw = (input: Uint8Array) => sign("sha256", input, { key: privateKey, dsaEncoding: "ieee-p1363" });
  return {
    jwk,
    jkt: await calculateJwkThumbprint(jwk),
    raw,
    jws: (header, payload) => {
      const input = `${encode(header)}.${encode(payload)}`;
      return `${input}.${Buffer.from(raw(Buffer.from(input))).toString("base64url")}`;
    },
  };
}

/** A DPoP proof (RFC 9449 4.2) by `key`. */
export function dpopProof(key: TestKey, url: string, iat: number, more: object = {}): string {
  const payload = { jti: randomBytes(12).toString("base64url"), htm: "POST", htu: url, iat, ...more };
  return key.jws({ typ: "dpop+jwt", alg: "ES256", jwk: key.jwk }, payload);
}

/** A signer of one key that counts its signatures; tests swap `sign` to make it fail. */
export interface TestSigner extends Signer {
  signatures: number;
  readonly public: PublicKey;
  sign: SigningKey["sign"];
}

/** A signer over a test key, counting its signatures. */
export function testSigner(purpose: KeyPurpose, key: TestKey, alg: SigningAlgorithm = "ES256"): TestSigner {
  const published: PublicKey = {
    kid: key.jkt,
    alg,
    jwk: { ...key.jwk, kid: key.jkt, alg, use: "sig" },
  };
  const signer: TestSigner = {
    purpose,
    public: published,
    signatures: 0,
    current: async (wanted) => {
      if (wanted !== alg) throw new Error(`this test's key signs by ${alg}, not ${wanted}`);
      return { kid: published.kid, alg, sign: (input, joinId) => signer.sign(input, joinId) };
    },
    sign: async (input) => {
      signer.signatures++;
      return { signature: key.raw(input), requestId: undefined };
    },
  };
  return signer;
}

/** A signer over a fresh RSA-2048 key. */
export async function testRsaSigner(purpose: KeyPurpose): Promise<TestSigner> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = await exportJWK(publicKey);
  const key: TestKey = {
    jwk,
    jkt: await calculateJwkThumbprint(jwk),
    raw: (input) => sign("sha256", input, privateKey),
    jws: (header, payload) => {
      const input = `${encode(header)}.${encode(payload)}`;
      return `${input}.${sign("sha256", Buffer.from(input), privateKey).toString("base64url")}`;
    },
  };
  return testSigner(purpose, key, "RS256");
}

/** Signers of one purpose as one: each signature by the key of its algorithm. */
export const signersOf = (...signers: readonly [TestSigner, ...TestSigner[]]): Signer => ({
  purpose: signers[0].purpose,
  current: async (alg) => (signers.find((one) => one.public.alg === alg) ?? signers[0]).current(alg),
});

/** Published keys by purpose. */
export const ownKeys = (...signers: readonly { purpose: KeyPurpose; public: PublicKey }[]): PublishedOwnKeys => ({
  keys: async (purpose) => signers.filter((s) => s.purpose === purpose).map((s) => s.public),
  sequence: async () => 7,
});

/** Real random ids. */
export const randomIds: Ids = {
  id: () => randomBytes(16).toString("base64url"),
  secret: () => randomBytes(32).toString("base64url"),
};

/** base64url SHA-256. */
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64url");
