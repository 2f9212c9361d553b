import {
  calculateJwkThumbprint,
  exportJWK,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWK,
  SignJWT,
} from "jose";

/** A key pair of an agent or of an attacker. */
export interface Key {
  readonly privateKey: GenerateKeyPairResult["privateKey"];
  readonly jwk: JWK;
  /** RFC 7638 thumbprint. */
  readonly jkt: string;
}

/** A fresh ES256 key. */
export async function newKey(): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const { kty, crv, x, y } = await exportJWK(publicKey);
  const jwk = { kty, crv, x, y } as JWK;
  return { privateKey, jwk, jkt: await calculateJwkThumbprint(jwk) };
}

/** What may be wrong about a proof; everything else is as RFC 9449 4.2 says. */
export interface ProofTwist {
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
  /** Seconds to shift `iat` by. */
  readonly shiftSeconds?: number;
}

/** The newest nonce each server gave out: the deployment demands one in every proof (RFC 9449 8). */
export const newestNonces = new Map<string, string>();

/** A DPoP proof made by hand, with the newest nonce its server gave. */
export function proof(key: Key, url: string, method = "POST", twist: ProofTwist = {}): Promise<string> {
  const nonce = newestNonces.get(new URL(url).origin);
  return new SignJWT({
    ...(nonce === undefined ? {} : { nonce }),
    jti: crypto.randomUUID(),
    htm: method,
    htu: url,
    iat: Math.floor(Date.now() / 1000) + (twist.shiftSeconds ?? 0),
    ...twist.claims,
  })
    .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk: key.jwk, ...twist.header } as never)
    .sign(key.privateKey, { crit: { "made-up": true } });
}

/** The payload of a JWT, unverified: to look at what we were given, or to copy it into a forgery. */
export const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));

/** The header of a JWT, unverified. */
export const headerOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString("utf8"));

/** A JWT by `key`, with any header and claims. */
export const forge = (key: Key, header: Record<string, unknown>, claims: Record<string, unknown>): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: "ES256", ...header } as never).sign(key.privateKey);
