import { createHash } from "node:crypto";
import type { JWTPayload } from "jose";
import type { Denial } from "../denial/denial.ts";
import { type CompactJws, decodeUnverified, type JwtFailure, type VerifiedJwt, verifyJwt } from "../jose/jwt.ts";
import { soleAudience } from "../jose/jwt-claims.ts";
import type { KeySets } from "../keys/key-sets.ts";
import type { AgentRegistration } from "../model/agent-registration.ts";
import { limits } from "../model/limits.ts";
import { type Login, loginOf } from "../model/login.ts";
import { personId } from "../model/person-id.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";
import type { TrustedIssuerRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AuthorizationDetail, Grant, Principal } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { clientOf, groupsOfPerson } from "./claims.ts";
import { acceptsHost, hostAudience, presentedGrant } from "./host-token.ts";

/** What an identity assertion (ID-JAG) itself allows; a member that it lacks bounds nothing. */
export interface Asserted {
  readonly resource?: string;
  readonly scopes?: readonly string[];
  readonly details?: readonly AuthorizationDetail[];
}

/** What a person's token proves. */
export interface PersonFacts {
  readonly principal: Principal;
  readonly claims: Record<string, unknown>;
  readonly issuedAtSeconds: number;
  readonly authTimeSeconds?: number;
  /** `acr`, unless it is longer than any that a policy can name. */
  readonly acr?: string;
  readonly expiresAtSeconds: number;
  /** The login that is denylisted for this agent when a root session opened with the token is revoked. */
  readonly login: Login;
  /** Of an identity assertion: what it allows. */
  readonly asserted?: Asserted;
  /** Of another application's token for what the agent serves: what it holds there. It is gone on from, never used. */
  readonly presented?: Grant;
}

/** What a person's token is checked against. */
export interface PersonInput {
  readonly token: string;
  readonly type: "id" | "access";
  /** SPIFFE ID of the authenticated agent that shows the token. */
  readonly agentId: string;
  readonly registration: AgentRegistration;
  readonly registry: RegistrySnapshot;
  readonly keySets: KeySets;
  readonly clock: Clock;
  readonly ownIssuer: string;
}

/** OpenID Connect Core 2: a subject has at most 255 characters. */
export const subjectCharacters = 255;

const invalid = (why: string) => err<Denial>({ code: "subject_token_invalid", why });

/**
 * Verifies a person's token for ONE agent. An ID token (OpenID Connect Core 3.1.3.7) must be for exactly one client, an
 * access token (RFC 9068) for us alone and issued to one client, and that client must be registered for this agent at
 * this issuer. A token that was issued to another client, and that an agent merely received, opens nothing (threat 2)
 * but where the registration says whose tokens for what the agent serves it accepts (`host-token.ts`).
 * @returns whose token it is, or `issuer_untrusted`, `subject_token_invalid`, `subject_token_expired`,
 * `person_token_foreign_client`, `person_groups_unknown`, `keys_unavailable`
 */
export async function verifyPerson(input: PersonInput): Promise<Result<PersonFacts, Denial>> {
  const parts = decodeUnverified(input.token);
  const said = parts?.payload.iss;
  if (!parts || typeof said !== "string") return invalid("not a JWT with an issuer");
  const issuer = input.registry.trustedIssuer(said, "person");
  // our own tokens never count as a person's, even if we were registered as an issuer of persons (threat 14)
  if (issuer?.issuer !== said || issuer.purpose !== "person" || said === input.ownIssuer)
    return err({ code: "issuer_untrusted", issuer: said.slice(0, 200) });
  const host = input.type === "access" ? hostAudience(parts.payload, input) : undefined;
  const audience = input.type === "id" ? soleAudience(parts.payload) : (host?.audience ?? input.ownIssuer);
  if (audience === undefined) return invalid("audience: aud must name exactly one client");
  const verified = await verifyToken(parts, input, { issuer, audience });
  if (!verified.ok) return verified;
  const client = clientOf(verified.value.payload, input.type);
  if (!client.ok) return invalid(client.error);
  const { registration } = input;
  const own = registration.clients.some((c) => c.issuer === issuer.issuer && c.clientId === client.value);
  // a client of the agent's own is none of the hosts, nor the other way round: each list opens one door
  if (!(host ? acceptsHost(registration, issuer.issuer, client.value) : own))
    return err({ code: "person_token_foreign_client", client: client.value.slice(0, 200), agent: input.agentId });
  const facts = factsOfPerson(verified.value.payload, issuer, input);
  if (!host || !facts.ok) return facts;
  const presented = presentedGrant(verified.value.payload, host.resource);
  return presented.ok ? ok({ ...facts.value, presented: presented.value }) : invalid(presented.error);
}

/**
 * Verifies a person's token as one of its type.
 * @returns what was verified, or `subject_token_expired`, `keys_unavailable`, `subject_token_invalid`
 */
export async function verifyToken(
  parts: CompactJws,
  input: Pick<PersonInput, "type" | "keySets" | "clock">,
  { issuer, audience }: { readonly issuer: TrustedIssuerRegistration; readonly audience: string },
): Promise<Result<VerifiedJwt, Denial>> {
  const verified = await verifyJwt(parts, input.keySets.lookup(issuer), {
    typ: input.type === "id" ? ["jwt", ""] : ["at+jwt"],
    algorithms: issuer.algorithms,
    issuer: issuer.issuer,
    audience,
    nowSeconds: nowSeconds(input.clock),
    skewSeconds: limits.foreignSkewSeconds,
    requiredClaims: ["sub", "iat", "exp"],
    maxLifetimeSeconds: limits.personTokenLifeMaxSeconds,
  });
  return verified.ok ? verified : err(toPersonDenial(verified.error, issuer.issuer));
}

/**
 * What a failed verification of a person's document means.
 * @returns `subject_token_expired`, `keys_unavailable`, `subject_token_invalid`
 */
export function toPersonDenial(failure: JwtFailure, issuer: string): Denial {
  const { why, detail, expiredAtSeconds } = failure;
  if (why === "expired") return { code: "subject_token_expired", expiredAtSeconds: expiredAtSeconds ?? 0 };
  if (why === "keys_unavailable") return { code: "keys_unavailable", issuer, why: detail };
  return { code: "subject_token_invalid", why: `${why}: ${detail}` };
}

/**
 * Who the person is, in which groups, and by which login, from verified claims.
 * @returns the facts, or `subject_token_invalid`, `person_groups_unknown`
 */
export function factsOfPerson(
  payload: JWTPayload,
  issuer: TrustedIssuerRegistration,
  input: Pick<PersonInput, "token" | "agentId" | "registry">,
): Result<PersonFacts, Denial> {
  const { iss, sub, iat, exp, sid, acr } = payload;
  const authTime = authTimeOf(payload);
  if (iss === undefined || sub === undefined || iat === undefined || exp === undefined)
    return invalid("a required claim is missing");
  if (sub.length > subjectCharacters) return invalid(`sub has more than ${subjectCharacters} characters`);
  if (authTime !== undefined && !(typeof authTime === "number" && Number.isFinite(authTime) && authTime >= 0))
    return invalid("auth_time is not a date in seconds");
  const groups = groupsOfPerson(payload, issuer);
  if (!groups.ok) return err({ code: "person_groups_unknown", issuer: issuer.issuer, why: groups.error });
  const keepsPair = input.registry.resources.some((resource) => resource.subjectIdentifier === "iss_sub");
  return ok({
    principal: {
      id: personId(iss, sub),
      kind: "person",
      ...(keepsPair ? { subId: { iss, sub } } : {}),
      ...(groups.value === undefined ? {} : { groups: groups.value }),
    },
    claims: payload,
    issuedAtSeconds: iat,
    ...(authTime === undefined ? {} : { authTimeSeconds: authTime }),
    ...(typeof acr === "string" && acr.length <= limits.acrCharacters ? { acr } : {}),
    expiresAtSeconds: exp,
    login: loginOf({
      issuer: iss,
      subject: sub,
      agent: input.agentId,
      ...(authTime === undefined ? {} : { authTimeSeconds: authTime }),
      // a `sid` of another type is ignored; a document that then names no login is treated more strictly
      ...(typeof sid === "string" && sid !== "" ? { sid } : {}),
      document: tokenName(payload, input.token),
    }),
  });
}

/** `auth_time` as a number. Null counts as absent, and a string of digits counts as the number. */
export function authTimeOf({ auth_time: said }: JWTPayload): unknown {
  return typeof said === "string" && /^[0-9]{1,12}$/.test(said) ? Number(said) : (said ?? undefined);
}

/**
 * The name of a token: its `jti`, else a hash of the signed part. The hash does not cover the signature, since an ECDSA
 * signature has several valid forms and a token with another form would not be denylisted.
 */
function tokenName({ jti }: JWTPayload, token: string): string {
  if (jti !== undefined) return `jti:${jti}`;
  return `hash:${createHash("sha256")
    .update(token.slice(0, token.lastIndexOf(".")), "ascii")
    .digest("base64url")}`;
}
