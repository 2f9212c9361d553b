import { createHash, randomUUID } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import type { KeyPair } from "../client/index.ts";

/** A key pair of an agent, or of whoever pretends to be one. */
export interface Key {
  readonly pair: KeyPair;
  readonly jwk: JWK;
  /** RFC 7638 thumbprint. */
  readonly jkt: string;
}

/** A fresh ES256 key. */
export async function newKey(): Promise<Key> {
  const pair = (await generateKeyPair("ES256", { extractable: true })) as KeyPair;
  const { kty, crv, x, y } = await exportJWK(pair.publicKey);
  const jwk = { kty, crv, x, y } as JWK;
  return { pair, jwk, jkt: await calculateJwkThumbprint(jwk) };
}

/** How a proof may be wrong; everything else is as RFC 9449 4.2 says. */
export interface Twist {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Seconds to shift `iat` by. */
  readonly shiftSeconds?: number;
  /** Signs in the key's place. */
  readonly signedBy?: Key;
  /** The whole header's value instead of a proof; several are sent as several headers. */
  readonly instead?: readonly string[];
}

/** What a proof is for. */
export interface Proved {
  readonly method: string;
  readonly url: string;
  readonly nonce?: string | undefined;
  /** The access token beside it, at a resource (RFC 9449 7). */
  readonly accessToken?: string;
}

/** A DPoP proof made by hand. */
export function proof(key: Key, { method, url, nonce, accessToken }: Proved, twist: Twist = {}): Promise<string> {
  const ath = accessToken === undefined ? undefined : createHash("sha256").update(accessToken).digest("base64url");
  const claims = {
    jti: randomUUID(),
    htm: method,
    htu: url,
    iat: Math.floor(Date.now() / 1000) + (twist.shiftSeconds ?? 0),
    ...(nonce === undefined ? {} : { nonce }),
    ...(ath === undefined ? {} : { ath }),
    ...twist.claims,
  };
  return new SignJWT(claims)
    .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk: key.jwk, ...twist.header } as never)
    .sign((twist.signedBy ?? key).pair.privateKey);
}

/** A JWT by `key`, with any header and claims. */
export const forge = (key: Key, header: Readonly<Record<string, unknown>>, claims: object): Promise<string> =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg: "ES256", ...header } as never).sign(key.pair.privateKey);

const part = (token: string, index: number): Readonly<Record<string, unknown>> =>
  JSON.parse(Buffer.from(token.split(".")[index] ?? "", "base64url").toString("utf8"));

/** The header of a JWT, unverified: to look at, or to copy into a forgery. */
export const headerOf = (token: string): Readonly<Record<string, unknown>> => part(token, 0);

/** The payload of a JWT, unverified: to look at, or to copy into a forgery. */
export const claimsOf = (token: string): Readonly<Record<string, unknown>> => part(token, 1);

/** The same JWT with its header replaced, its signature kept. */
export const withHeader = (token: string, header: object): string => {
  const [, payload, signature] = token.split(".");
  return `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${payload}.${signature}`;
};

/** The same JWT with its claims replaced, its signature kept. */
export const withClaims = (token: string, claims: object): string => {
  const [head, , signature] = token.split(".");
  return `${head}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.${signature}`;
};
