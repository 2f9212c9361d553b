import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, type JWK } from "jose";
import type { KeyPair } from "../../../client/index.ts";

/** A key of a test, made when it is needed and never kept: an agent's, an issuer's, or that of whoever pretends to be one. */
export interface TestKey {
  readonly jwk: JWK;
  /** RFC 7638 thumbprint. */
  readonly jkt: string;
  /** The same for client libraries. */
  readonly pair: KeyPair;
  /** Compact JWS with exactly this header and payload. */
  jws(header: object, payload: object): string;
  raw(input: Uint8Array): Uint8Array;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const kinds = {
  ES256: {
    make: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
    webCrypto: { name: "ECDSA", namedCurve: "P-256" },
  },
  RS256: {
    make: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
    webCrypto: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  },
};

/** Makes a fresh key: P-256, or RSA of 2048 bits. */
export async function testKey(alg: "ES256" | "RS256" = "ES256"): Promise<TestKey> {
  const { make, webCrypto } = kinds[alg];
  const { privateKey, publicKey } = make();
  const jwk = await exportJWK(publicKey);
  const raw = (input: Uint8Array) => sign("sha256", input, { key: privateKey, dsaEncoding: "ieee-p1363" });
  return {
    jwk,
    jkt: await calculateJwkThumbprint(jwk),
    get pair() {
      return {
        privateKey: privateKey.toCryptoKey(webCrypto, true, ["sign"]),
        publicKey: publicKey.toCryptoKey(webCrypto, true, ["verify"]),
      };
    },
    raw,
    jws: (header, payload) => {
      const input = `${encode(header)}.${encode(payload)}`;
      return `${input}.${raw(Buffer.from(input)).toString("base64url")}`;
    },
  };
}

/** What a proof is for. */
export interface Proved {
  readonly url: string;
  /** POST unless given. */
  readonly method?: string;
  /** The test's own time; this machine's unless given. */
  readonly atSeconds?: number;
  readonly nonce?: string | undefined;
  /** The access token beside it, at a resource (RFC 9449 7). */
  readonly accessToken?: string;
}

/** How a proof may be wrong; everything else is as RFC 9449 4.2 says. A member set to undefined is left out. */
export interface ProofTwist {
  readonly header?: object;
  readonly claims?: object;
  /** Seconds to shift `iat` by. */
  readonly shiftSeconds?: number;
  /** Signs in the key's place. */
  readonly signedBy?: TestKey;
}

/** A DPoP proof (RFC 9449 4.2) made by hand. */
export function dpopProof(key: TestKey, proved: Proved, twist: ProofTwist = {}): string {
  const { url, method = "POST", atSeconds = Math.floor(Date.now() / 1000), nonce, accessToken } = proved;
  const claims = {
    jti: randomBytes(12).toString("base64url"),
    htm: method,
    htu: url,
    iat: atSeconds + (twist.shiftSeconds ?? 0),
    nonce,
    ath: accessToken === undefined ? undefined : sha256(accessToken),
    ...twist.claims,
  };
  const header = { typ: "dpop+jwt", alg: "ES256", jwk: key.jwk, ...twist.header };
  return (twist.signedBy ?? key).jws(header, claims);
}

/** A JWT by `key`, with any header and claims. */
export const forge = (key: TestKey, header: object, claims: object): string =>
  key.jws({ alg: "ES256", ...header }, claims);

const part = (token: string, index: number): Readonly<Record<string, unknown>> =>
  JSON.parse(Buffer.from(token.split(".")[index] ?? "", "base64url").toString("utf8"));

/** The header of a JWT, unverified: to look at, or to copy into a forgery. */
export const headerOf = (token: string): Readonly<Record<string, unknown>> => part(token, 0);

/** The payload of a JWT, unverified: to look at, or to copy into a forgery. */
export const claimsOf = (token: string): Readonly<Record<string, unknown>> => part(token, 1);

/** The same JWT with its header replaced, its signature kept. */
export const withHeader = (token: string, header: object): string => {
  const [, payload, signature] = token.split(".");
  return `${encode(header)}.${payload}.${signature}`;
};

/** The same JWT with its claims replaced, its signature kept. */
export const withClaims = (token: string, claims: object): string => {
  const [header, , signature] = token.split(".");
  return `${header}.${encode(claims)}.${signature}`;
};

/** base64url SHA-256. */
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64url");
