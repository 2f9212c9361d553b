import type { JWTPayload } from "jose";
import { readableText } from "../text/readable-text.ts";
import type { KeyMemory } from "./key-memory.ts";

type Claims = Readonly<Record<string, unknown>>;

const fail = (why: JwtFailure["why"], detail: string): JwtFailure => ({ why, detail });

/** 9999-12-31: a later time is in milliseconds, or wrong. */
const lastSecond = 253_402_300_799;
/** Longest subject: a role ARN may be long; a person's is bounded further where it is read. */
const subjectCharacters = 1024;
/** Names that would reach a prototype if a later reader used them as keys of a plain object. */
const prototypeNames = ["__proto__", "constructor", "prototype"];

/**
 * Checks the claims of a JWT (RFC 7519 4.1) whose signature was already verified.
 * @returns the first thing that is wrong, undefined when nothing is
 */
export function claimFailure(claims: Claims, rules: JwtRules): JwtFailure | undefined {
  const missing = rules.requiredClaims.find((name) => !Object.hasOwn(claims, name) || claims[name] === null);
  if (missing !== undefined) return fail("claim", `${missing} is missing`);
  return (
    issuerFailure(claims, rules) ??
    audienceFailure(claims, rules) ??
    textFailure(claims, rules) ??
    timeFailure(claims, rules)
  );
}

function issuerFailure(claims: Claims, rules: JwtRules): JwtFailure | undefined {
  if (rules.issuer === undefined) return undefined;
  // RFC 8414 2, simple string comparison: after normalization two issuers could look like one
  return claims.iss === rules.issuer ? undefined : fail("issuer", "iss is not the expected issuer");
}

/** A token for several audiences could be replayed here by any of the others. */
function audienceFailure(claims: Claims, rules: JwtRules): JwtFailure | undefined {
  if (rules.audience === null) return undefined;
  const audience = soleAudience(claims);
  if (audience === undefined) return fail("audience", "aud must name exactly one audience");
  return audience === rules.audience ? undefined : fail("audience", "aud is for somebody else");
}

/** The one audience of a token, as string or array of one string; undefined when it has none or several. */
export function soleAudience(claims: Claims): string | undefined {
  const value = Array.isArray(claims.aud) && claims.aud.length === 1 ? claims.aud[0] : claims.aud;
  return typeof value === "string" && value !== "" ? value : undefined;
}

function textFailure(claims: Claims, rules: JwtRules): JwtFailure | undefined {
  const { sub, jti } = claims;
  if (sub !== undefined && !isSubject(sub, rules))
    return fail("claim", `sub is not ${rules.subjectInAnyScript ? "readable text" : "printable ASCII"} of sane length`);
  if (jti !== undefined && (typeof jti !== "string" || jti === "" || jti.length > 256))
    return fail("claim", "jti is not a string of 1 to 256 characters");
  return undefined;
}

/**
 * Control and bidi characters would make two subjects look like one. So would look-alike letters, where people choose
 * their names.
 */
const isSubject = (sub: unknown, { subjectInAnyScript }: JwtRules): boolean =>
  typeof sub === "string" &&
  sub !== "" &&
  sub.length <= subjectCharacters &&
  (subjectInAnyScript ? readableText : /^[\x20-\x7e]+$/).test(sub) &&
  !prototypeNames.includes(sub);

/**
 * Checks `exp`, `nbf` and `iat` only. Everything else that {@link claimFailure} checks does not change with time, so a
 * verified token need not be checked for it again.
 * @returns what is wrong, undefined when nothing is
 */
export function timeFailure(claims: Claims, rules: TimeRules): JwtFailure | undefined {
  const times: Record<"exp" | "nbf" | "iat", number | undefined> = { exp: undefined, nbf: undefined, iat: undefined };
  for (const name of ["exp", "nbf", "iat"] as const) {
    const value = claims[name];
    // some providers write null for a date they do not know; a claim that ends a token is required where it matters
    if (value === undefined || (name === "nbf" && value === null)) continue;
    // JSON.parse reads 1e400 as Infinity, which would be a token that never ends
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0 || value > lastSecond)
      return fail("claim", `${name} is not a date in seconds`);
    times[name] = value;
  }
  const { exp, nbf, iat } = times;
  const { nowSeconds, skewSeconds, maxAgeSeconds, maxLifetimeSeconds } = rules;
  if (exp !== undefined && exp + skewSeconds <= nowSeconds && !rules.ignoreExpiry)
    return { ...fail("expired", "exp has passed"), expiredAtSeconds: exp };
  if (nbf !== undefined && nbf - skewSeconds > nowSeconds) return fail("not_yet_valid", "nbf is in the future");
  if (iat !== undefined && iat - skewSeconds > nowSeconds) return fail("not_yet_valid", "iat is in the future");
  if (exp !== undefined && (exp <= (nbf ?? -1) || exp <= (iat ?? -1)))
    return fail("claim", "exp lies before nbf or iat");
  if (maxAgeSeconds !== undefined && (iat === undefined || iat + maxAgeSeconds < nowSeconds))
    return fail("too_old", `issued more than ${maxAgeSeconds} s ago`);
  if (maxLifetimeSeconds !== undefined && (exp === undefined || iat === undefined || exp - iat > maxLifetimeSeconds))
    return fail("claim", `lives longer than ${maxLifetimeSeconds} s`);
  return undefined;
}

/** The members of {@link JwtRules} that times are checked by. */
type TimeRules = Pick<JwtRules, "nowSeconds" | "skewSeconds" | "maxAgeSeconds" | "maxLifetimeSeconds" | "ignoreExpiry">;

/** The rules a JWT must satisfy. A JWT that breaks one is refused. */
export interface JwtRules {
  /** Accepted `typ`, lower case, without `application/`; `""` allows it to be absent. */
  readonly typ: readonly string[];
  readonly algorithms: readonly string[];
  readonly issuer?: string;
  /** Must be the only audience; null for a kind of token that has none by its standard (a status list). */
  readonly audience: string | null;
  /** Longest token accepted, in bytes; `limits.tokenBytes` when left out. */
  readonly maxBytes?: number;
  readonly nowSeconds: number;
  /** Clock skew allowed for `exp`, `nbf` and `iat`. */
  readonly skewSeconds: number;
  /** Claims that must be present. */
  readonly requiredClaims: readonly string[];
  /** Oldest `iat` accepted, in seconds before now. No skew is added, since a recent document needs none. */
  readonly maxAgeSeconds?: number;
  /** Longest `exp` − `iat` accepted, in seconds. */
  readonly maxLifetimeSeconds?: number;
  /** When set, no other header member may occur. */
  readonly exactHeaders?: readonly string[];
  /**
   * The subject may be in any script, since branches and environments have names in all of them. When left out it must
   * be ASCII, as OpenID Connect Core 2 demands for people.
   */
  readonly subjectInAnyScript?: boolean;
  /** Accept an expired token: a revocation may name a session by one. */
  readonly ignoreExpiry?: boolean;
  /** Imports and remembers keys; this process's own unless given. */
  readonly keyMemory?: KeyMemory;
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
