/** Tokens of identity providers, verified as STS does: against the keys that the issuer serves, read anew each time. */
import { createPublicKey, type JsonWebKey, verify } from "node:crypto";
import type { IdentityProvider } from "../iam/providers.ts";
import { patientFetch } from "../limits/patient.ts";
import { ServiceError } from "../service.ts";

/** A token's claims, verified. */
export interface IdentityClaims {
  readonly iss: string;
  readonly sub: string;
  /** Whom the token is for: `azp` where the token has one, else `aud`. */
  readonly audience: string;
  readonly all: Readonly<Record<string, unknown>>;
}

const hashes: Readonly<Record<string, string>> = {
  ...{ RS256: "sha256", RS384: "sha384", RS512: "sha512" },
  ...{ ES256: "sha256", ES384: "sha384", ES512: "sha512" },
};
const skewSeconds = 300;
const mostBytes = 64 * 1024;

const invalid = (message: string) => new ServiceError("InvalidIdentityToken", message);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Verifies a token.
 * @param providerOf the account's provider for an issuer
 * @returns its claims and its provider; throws `InvalidIdentityToken`, `ExpiredTokenException`, `IDPCommunicationError`
 */
export async function verifyIdentityToken(
  token: string,
  providerOf: (issuer: string) => IdentityProvider | undefined,
  nowMillis: number,
): Promise<{ readonly claims: IdentityClaims; readonly provider: IdentityProvider }> {
  const parts = token.split(".");
  const [header, claims] = parts.slice(0, 2).map(decoded);
  if (parts.length !== 3 || header === undefined || claims === undefined)
    throw invalid("The ID Token provided is not a valid JWT.");
  const provider = providerOf(String(claims.iss));
  if (provider === undefined)
    throw invalid(`No OpenIDConnect provider found in your account for ${String(claims.iss)}`);
  const { iss, sub, exp, iat } = claims;
  if (typeof sub !== "string" || sub === "" || !Number.isInteger(exp) || !Number.isInteger(iat))
    throw invalid("Missing a required claim: sub, exp or iat");
  const audiences = claims.azp === undefined ? [claims.aud].flat() : [claims.azp];
  const audience = audiences.find((each): each is string => provider.clientIds.includes(each as string));
  if (audience === undefined) throw invalid("Incorrect token audience");
  checkSignature(parts, header, await keysOf(provider.url));
  if (nowMillis >= Number(exp) * 1000) {
    const message = "Token expired: current date/time must be before the expiration date/time";
    throw new ServiceError("ExpiredTokenException", message);
  }
  if (nowMillis < (Number(iat) - skewSeconds) * 1000) throw invalid("The token was issued in the future");
  return { provider, claims: { iss: String(iss), sub, audience, all: claims } };
}

function checkSignature(
  [head = "", body = "", signature = ""]: readonly string[],
  { alg, kid }: Readonly<Record<string, unknown>>,
  keys: readonly JsonWebKey[],
): void {
  const hash = Object.hasOwn(hashes, String(alg)) ? hashes[String(alg)] : undefined;
  const kind = String(alg).startsWith("RS") ? "RSA" : "EC";
  const fitting = keys.filter((key) => key.kty === kind && (kid === undefined || key.kid === kid));
  const isGood =
    hash !== undefined &&
    fitting.some((key) => {
      try {
        const verifier = { key: createPublicKey({ key, format: "jwk" }), dsaEncoding: "ieee-p1363" } as const;
        return verify(hash, Buffer.from(`${head}.${body}`), verifier, Buffer.from(signature, "base64url"));
      } catch {
        return false;
      }
    });
  if (!isGood)
    throw invalid("Couldn't retrieve verification key from your identity provider, or the signature is wrong");
}

/** The issuer's keys, by way of its discovery document. */
async function keysOf(issuer: string): Promise<readonly JsonWebKey[]> {
  const discovery = await read(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (discovery.issuer !== issuer) throw invalid("The issuer's discovery document is of another issuer");
  const { keys } = await read(String(discovery.jwks_uri));
  if (!Array.isArray(keys)) throw invalid("The issuer serves no keys");
  return keys.filter(isObject) as JsonWebKey[];
}

async function read(address: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const url = new URL(address);
    // Nothing of this cloud leaves the machine, whatever a template or a discovery document names.
    if (url.protocol !== "http:" || url.hostname !== "127.0.0.1") throw new Error("not on this machine");
    const answer = await patientFetch(url, { redirect: "error" });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const document: unknown = bytes.length > mostBytes ? undefined : JSON.parse(bytes.toString());
    if (answer.status !== 200 || !isObject(document)) throw new Error(`status ${answer.status}`);
    return document;
  } catch (thrown) {
    throw new ServiceError("IDPCommunicationError", `Could not read ${address}: ${String(thrown)}`);
  }
}

function decoded(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
