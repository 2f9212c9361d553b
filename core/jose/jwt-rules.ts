import type { JWTPayload } from "jose";

/** What a JWT must be to be believed; anything not listed here is refused. */
export interface JwtRules {
  /** Accepted `typ`, lower case, without `application/`; `""` allows it to be absent. */
  readonly typ: readonly string[];
  readonly algorithms: readonly string[];
  readonly issuer?: string;
  /** Must be the only audience; null for a kind of token that has none by its standard (a status list). */
  readonly audience: string | null;
  /** Longest token looked at, in bytes; `limits.tokenBytes` unless it says more. */
  readonly maxBytes?: number;
  readonly nowSeconds: number;
  /** Clock skew granted to `exp`, `nbf` and `iat`. */
  readonly skewSeconds: number;
  /** Claims that must be present. */
  readonly requiredClaims: readonly string[];
  /** Oldest `iat` accepted, in seconds before now; no skew is added, since a young document needs none. */
  readonly maxAgeSeconds?: number;
  /** Longest `exp` − `iat` accepted, in seconds. */
  readonly maxLifetimeSeconds?: number;
  /** When set, no other header member may occur. */
  readonly exactHeaders?: readonly string[];
  /**
   * The subject may be of any script, as the names of branches and environments are. Left out it is ASCII, as OpenID
   * Connect Core 2 has it for people.
   */
  readonly subjectInAnyScript?: boolean;
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
