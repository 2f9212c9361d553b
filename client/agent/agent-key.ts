import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from "jose";
import { base64urlOf } from "../../core/text/base64url.ts";
import { sha256 } from "../../core/text/digest.ts";

/** The request that a proof is made for. */
interface ProofInput {
  readonly method: string;
  /** The URL that is called; query and fragment are left out of the proof. */
  readonly url: string;
  readonly nowSeconds: number;
  /** At a resource: the access token that is sent with the request. */
  readonly accessToken?: string;
  /** Given by the server (RFC 9449 8). */
  readonly nonce?: string;
}

/**
 * The key an agent's tokens are bound to. It exists as long as the process, unless a key pair that is kept elsewhere is
 * given.
 */
export interface AgentKey {
  /** RFC 7638 SHA-256 thumbprint. */
  readonly jkt: string;
  /** The public half as SPKI in DER. */
  readonly spki: Uint8Array;
  /** A DPoP proof (RFC 9449 4.2) for exactly one request. */
  prove(input: ProofInput): Promise<string>;
}

/** A pair for ES256; the private half should not be extractable. */
export interface KeyPair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

/**
 * Makes the agent's key: P-256 in WebCrypto, not extractable, so that no bug in the agent can log it.
 * @param pair a key made elsewhere, for tests
 */
export async function createAgentKey(pair?: KeyPair): Promise<AgentKey> {
  const { publicKey, privateKey } = pair ?? (await generateKeyPair("ES256", { extractable: false }));
  const { kty, crv, x, y } = await exportJWK(publicKey);
  if (kty !== "EC" || crv !== "P-256" || x === undefined || y === undefined)
    throw new TypeError("an agent's key is a P-256 key pair");
  const jwk = { kty, crv, x, y };
  return {
    spki: new Uint8Array(await crypto.subtle.exportKey("spki", publicKey)),
    jkt: await calculateJwkThumbprint(jwk),
    prove: async ({ method, url, nowSeconds, accessToken, nonce }) =>
      new SignJWT({
        jti: base64urlOf(crypto.getRandomValues(new Uint8Array(16))),
        htm: method.toUpperCase(),
        htu: withoutQuery(url),
        iat: nowSeconds,
        ...(accessToken === undefined ? {} : { ath: await sha256(accessToken) }),
        ...(nonce === undefined ? {} : { nonce }),
      })
        .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk })
        .sign(privateKey),
  };
}

const withoutQuery = (url: string): string => {
  const parsed = new URL(url);
  return parsed.origin + parsed.pathname;
};
