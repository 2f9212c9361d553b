import type { JWK, JWTPayload } from "jose";
import type { PublicKey } from "./ports.ts";
import type { Result } from "./result.ts";

/** What a JWT must be to be believed; anything not listed here is refused. */
export interface JwtRules {
  /** Accepted `typ`, lower case, without `application/`; `""` allows it to be absent. */
  readonly typ: readonly string[];
  readonly algorithms: readonly string[];
  readonly issuer?: string;
  /** Must be the only audience. */
  readonly audience: string;
  readonly nowSeconds: number;
  readonly skewSeconds: number;
  /** Claims that must be present. */
  readonly requiredClaims: readonly string[];
  /** Oldest `iat` accepted, in seconds before now. */
  readonly maxAgeSeconds?: number;
  /** When set, no other header member may occur. */
  readonly exactHeaders?: readonly string[];
  /** A revocation may name a session by an expired token. */
  readonly ignoreExpiry?: boolean;
}

/** A JWT whose signature and claims were checked. */
export interface VerifiedJwt {
  readonly header: { readonly alg: string; readonly kid?: string; readonly typ?: string };
  readonly payload: JWTPayload;
}

/** Why a JWT was refused. */
export interface JwtFailure {
  readonly why:
    | "too_large"
    | "malformed"
    | "typ"
    | "alg"
    | "header"
    | "key_unknown"
    | "keys_unavailable"
    | "signature"
    | "issuer"
    | "audience"
    | "expired"
    | "not_yet_valid"
    | "too_old"
    | "claim";
  readonly detail: string;
  /** With `expired`. */
  readonly expiredAtSeconds?: number;
}

/** Finds the one key a header names; keys never come from the token itself. */
export type KeyLookup = (header: {
  readonly alg: string;
  readonly kid: string | undefined;
}) => Promise<Result<CryptoKey | JWK, JwtFailure>>;

/** Strict verification of a compact JWS. */
export function verifyJwt(
  _token: string,
  _keyFor: KeyLookup,
  _rules: JwtRules,
): Promise<Result<VerifiedJwt, JwtFailure>> {
  throw new Error("not built yet");
}

/** Header and payload of a token nobody has verified: only for choosing whose keys to try. */
export function decodeUnverified(
  _token: string,
): { header: Record<string, unknown>; payload: Record<string, unknown> } | undefined {
  throw new Error("not built yet");
}

/** Our own keys, by exact `kid` and `alg`. */
export function ownKeyLookup(_keys: readonly PublicKey[]): KeyLookup {
  throw new Error("not built yet");
}
