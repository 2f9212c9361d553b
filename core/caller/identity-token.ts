import type { JWTPayload } from "jose";
import type { Denial } from "../denial/denial.ts";
import { ownKeyLookup, verifyJwt } from "../jose/jwt.ts";
import { type Assurance, assuranceLevels } from "../model/assurance.ts";
import { limits } from "../model/limits.ts";
import { type Clock, nowSeconds, type OwnKeys } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import { tokenTyp } from "../model/wire.ts";
import { isAgentId } from "../text/spiffe-id.ts";

/** What an identity token says. */
export interface IdentityClaims {
  /** SPIFFE ID of the agent. */
  readonly sub: string;
  /** Thumbprint of the key it is bound to. */
  readonly jkt: string;
  readonly assurance: Assurance;
  /** The type of evidence it attested with, and the facts proved; policies read them. */
  readonly evidence: AttestedEvidence;
  readonly build?: string;
  /** Liveness subject (`agent:<id>`, `build:<digest>`, `deployment`) → epoch it was issued under. */
  readonly epochs: Readonly<Record<string, number>>;
  readonly expiresAtSeconds: number;
  readonly jti: string;
}

/** The evidence an identity token was issued for, never the document itself. */
interface AttestedEvidence {
  readonly type: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** What verifying an identity token needs. */
interface IdentityTokenDeps {
  readonly ownKeys: OwnKeys;
  readonly issuer: string;
  readonly clock: Clock;
  readonly trustDomain: string;
}

/**
 * Payload of an identity token: a JWT-SVID (JWT-SVID 3) that carries no permission.
 * @param audience our issuer, or one the registration lists
 */
export function identityPayload(claims: IdentityClaims, issuer: string, audience: string): JWTPayload {
  const { sub, jkt, assurance, evidence, build, epochs, expiresAtSeconds, jti } = claims;
  return {
    iss: issuer,
    sub,
    aud: audience,
    iat: expiresAtSeconds - limits.identityTokenLifeSeconds,
    exp: expiresAtSeconds,
    jti,
    cnf: { jkt },
    assurance,
    evidence,
    ...(build === undefined ? {} : { build }),
    gen: epochs,
  };
}

/**
 * Verifies a client assertion (draft-ietf-oauth-spiffe-client-auth-02, JWT-SVID 4): with our own identity keys only, so
 * that no session token, status list or SVID of another trust domain can serve as one (threats 14, 28). No skew is
 * allowed, since our own clock made it. The calling function must read liveness by `epochs`.
 * @returns its claims, or `assertion_invalid`, `assertion_expired`
 */
export async function verifyIdentityToken(
  token: string,
  deps: IdentityTokenDeps,
): Promise<Result<IdentityClaims, Denial>> {
  const verified = await verifyJwt(token, ownKeyLookup(await deps.ownKeys.keys("identity")), {
    typ: [tokenTyp.identity.toLowerCase()],
    // the key that the kid names decides which of the two it is
    algorithms: ["RS256", "ES256"],
    issuer: deps.issuer,
    audience: deps.issuer,
    nowSeconds: nowSeconds(deps.clock),
    skewSeconds: 0,
    requiredClaims: ["sub", "iat", "exp", "jti", "cnf", "assurance", "evidence", "gen"],
    maxLifetimeSeconds: limits.identityTokenLifeSeconds,
    exactHeaders: ["alg", "kid", "typ"],
  });
  if (!verified.ok) {
    const { why, detail, expiredAtSeconds } = verified.error;
    if (why === "expired") return err({ code: "assertion_expired", expiredAtSeconds: expiredAtSeconds ?? 0 });
    return invalid(`${why}: ${detail}`);
  }
  return readClaims(verified.value.payload, deps.trustDomain);
}

const invalid = (why: string) => err<Denial>({ code: "assertion_invalid", why });

function readClaims(payload: JWTPayload, trustDomain: string): Result<IdentityClaims, Denial> {
  const { sub, jti, exp, build } = payload;
  const jkt = (payload.cnf as { jkt?: unknown } | undefined)?.jkt;
  const assurance = assuranceLevels.find((level) => level === payload.assurance);
  const epochs = readEpochs(payload.gen);
  const evidence = readEvidence(payload.evidence);
  // agents of the same name in two trust domains are two agents
  if (sub === undefined || !isAgentId(sub, trustDomain)) return invalid("sub is not an agent of this trust domain");
  if (typeof jkt !== "string" || !/^[A-Za-z0-9_-]{43}$/.test(jkt)) return invalid("not bound to a key");
  if (!assurance || jti === undefined || exp === undefined) return invalid("a claim of ours is missing");
  if (build !== undefined && typeof build !== "string") return invalid("build is not a string");
  if (!evidence) return invalid("evidence is not what it was attested by");
  // without these epochs a revocation since the token was issued would not be noticed
  const wanted = ["deployment", `agent:${sub}`, ...(build === undefined ? [] : [`build:${build}`])];
  if (!epochs || !wanted.every((subject) => Object.hasOwn(epochs, subject)))
    return invalid("not issued under the generations it needs");
  return ok({
    sub,
    jkt,
    assurance,
    evidence,
    ...(build === undefined ? {} : { build }),
    epochs,
    expiresAtSeconds: exp,
    jti,
  });
}

function readEvidence(value: unknown): AttestedEvidence | undefined {
  const { type, facts } = (value ?? {}) as { type?: unknown; facts?: unknown };
  if (typeof type !== "string" || typeof facts !== "object" || facts === null || Array.isArray(facts)) return undefined;
  const entries = Object.entries(facts);
  const texts = entries.every((entry): entry is [string, string] => typeof entry[1] === "string");
  return texts ? { type, facts: Object.fromEntries(entries) } : undefined;
}

function readEpochs(value: unknown): Record<string, number> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  const whole = entries.every((entry): entry is [string, number] => Number.isSafeInteger(entry[1]) && entry[1] >= 0);
  return whole && entries.length <= 8 ? Object.fromEntries(entries) : undefined;
}
