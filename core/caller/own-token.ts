import type { Denial } from "../denial/denial.ts";
import { decodeUnverified, ownKeyLookup, verifyJwt } from "../jose/jwt.ts";
import { limits } from "../model/limits.ts";
import { loginNameCharacters } from "../model/login.ts";
import type { Clock, OwnKeys } from "../model/ports.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AuthorizationDetail, Uses } from "../model/session.ts";
import { subjects } from "../model/subjects.ts";
import { tokenTyp } from "../model/wire.ts";

/** The facts of one of our own access or session tokens whose signature was verified. */
export interface OwnToken {
  readonly kind: "access" | "session";
  readonly aud: string;
  readonly agent: string;
  readonly principalId: string;
  readonly root: string;
  readonly sid: string;
  readonly anc: readonly string[];
  /** Every agent of the chain, first to current. */
  readonly actors: readonly string[];
  /** Thumbprint of the key it is bound to; none for a bearer token. */
  readonly jkt?: string;
  readonly scopes: readonly string[];
  readonly details: readonly AuthorizationDetail[];
  readonly expiresAtSeconds: number;
  readonly jti: string;
  /** Liveness subjects of the login its root was opened by; none for an agent's own work. */
  readonly logins: readonly string[];
  /** All claims, which introspection answers. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Set for a handle whose uses are counted. */
  readonly uses?: Uses;
  /** Of a handle: the policies that permitted it and have a budget. */
  readonly policies?: readonly string[];
}

/** What verifying a signed token of ours needs. */
export interface OwnTokenDeps {
  readonly ownKeys: OwnKeys;
  readonly issuer: string;
  readonly clock: Clock;
}

/**
 * Verifies a token of this deployment with its session keys only: `at+jwt` (RFC 9068) or our session token. An identity
 * token or a status list is never accepted, whatever its audience (threat 14).
 * @param as `kind`, the kind that the caller says it is, and its `typ` must match; `ignoreExpiry` for revocation, where
 * an expired token still names its session
 * @returns the token's facts, or `subject_token_invalid`, `subject_token_expired`
 */
export async function verifyOwnToken(
  token: string,
  deps: OwnTokenDeps,
  { kind, ignoreExpiry }: { readonly kind: OwnToken["kind"]; readonly ignoreExpiry?: boolean },
): Promise<Result<OwnToken, Denial>> {
  const invalid = (why: string) => err({ code: "subject_token_invalid", why } as const);
  const unverified = decodeUnverified(token);
  // an access token's audience is some resource, which the calling function compares; here it must only be a single
  // string
  const audience = kind === "session" ? deps.issuer : unverified?.payload.aud;
  if (typeof audience !== "string") return invalid("no single audience");
  const verified = await verifyJwt(unverified ?? token, ownKeyLookup(await deps.ownKeys.keys("session")), {
    typ: [tokenTyp[kind]],
    // the key that the kid names decides which of the two it is
    algorithms: ["RS256", "ES256"],
    issuer: deps.issuer,
    audience,
    nowSeconds: nowSeconds(deps.clock),
    skewSeconds: 0,
    requiredClaims: ["sub", "client_id", "exp", "iat", "jti", "sid", "root", ...(kind === "session" ? ["cnf"] : [])],
    ...(ignoreExpiry ? { ignoreExpiry: true } : {}),
  });
  if (!verified.ok) {
    const { why, expiredAtSeconds, detail } = verified.error;
    if (why === "expired") return err({ code: "subject_token_expired", expiredAtSeconds: expiredAtSeconds ?? 0 });
    return invalid(`${why}: ${detail}`);
  }
  return ownTokenOf(kind, audience, verified.value.payload) ?? invalid("a claim of ours is missing or of another type");
}

/**
 * Reads the claims of a token of ours that were signed, or are stored in a handle's row.
 * @returns undefined when one is missing or of another type
 */
export function ownTokenOf(
  kind: OwnToken["kind"],
  aud: string,
  claims: Readonly<Record<string, unknown>>,
): Result<OwnToken, Denial> | undefined {
  const { sub, client_id: agent, sid, root, anc, jti, exp, scope, authorization_details: details, cnf } = claims;
  const jkt = (cnf as { jkt?: unknown } | undefined)?.jkt;
  const texts = [sub, agent, sid, root, jti];
  if (!texts.every((t): t is string => typeof t === "string") || typeof exp !== "number") return undefined;
  // only an access token may be unbound, and then it has no `cnf` at all
  if (typeof jkt !== "string" && (kind === "session" || cnf !== undefined)) return undefined;
  if (!Array.isArray(anc) || anc.length > limits.depthMax || !anc.every((a) => typeof a === "string")) return undefined;
  const actors = chainOf(claims.act, String(sub), String(agent));
  const logins = loginsNamed(claims.login);
  if (!actors || !logins) return undefined;
  return ok({
    kind,
    aud,
    agent: String(agent),
    principalId: String(sub),
    root: String(root),
    sid: String(sid),
    anc,
    actors,
    ...(typeof jkt === "string" ? { jkt } : {}),
    scopes: typeof scope === "string" ? scope.split(" ") : [],
    details: Array.isArray(details) ? (details as AuthorizationDetail[]) : [],
    expiresAtSeconds: exp,
    jti: String(jti),
    logins,
    claims,
  });
}

/** A login has two names at most: when the person signed in, and the provider's session. */
function loginsNamed(names: unknown = []): readonly string[] | undefined {
  if (!Array.isArray(names) || names.length > 2) return undefined;
  const named = (name: unknown): name is string => typeof name === "string" && name.length === loginNameCharacters;
  return names.every(named) ? names.map(subjects.login) : undefined;
}

/**
 * Agents of a nested `act` (RFC 8693 4.1), first to current; an agent on its own account is the first, without an
 * `act`.
 */
function chainOf(act: unknown, sub: string, agent: string): readonly string[] | undefined {
  const newestFirst: string[] = [];
  let level = act;
  while (level !== undefined) {
    const { sub: actor, act: inner } = (level ?? {}) as { sub?: unknown; act?: unknown };
    if (typeof actor !== "string" || newestFirst.length > limits.depthMax) return undefined;
    newestFirst.push(actor);
    level = inner;
  }
  const actors = newestFirst.reverse();
  const whole = sub.startsWith("spiffe://") ? [sub, ...actors] : actors;
  return whole[whole.length - 1] === agent ? whole : undefined;
}
