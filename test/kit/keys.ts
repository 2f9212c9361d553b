import { randomBytes } from "node:crypto";
import type {
  Ids,
  KeyPurpose,
  PublicKey,
  PublishedOwnKeys,
  Signer,
  SigningAlgorithm,
  SigningKey,
} from "../../core/model/ports.ts";
import { type TestKey, testKey } from "./wire/key.ts";

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
      if (wanted !== undefined && wanted !== alg) throw new Error(`this test's key signs by ${alg}, not ${wanted}`);
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
export const testRsaSigner = async (purpose: KeyPurpose): Promise<TestSigner> =>
  testSigner(purpose, await testKey("RS256"), "RS256");

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
