import type { JWTPayload } from "jose";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { loginName, loginsOf } from "../model/login.ts";
import { type SigningAlgorithm, usualAlgorithm } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import { childAncestors, currentAgent, type Grant, type Session } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { namedSubjects, subjects } from "../model/subjects.ts";
import { type TokenReply, tokenTyp } from "../model/wire.ts";
import { cutName } from "../status/cut-name.ts";
import type { Plan } from "./plan.ts";

/** Nested actors, current outermost (RFC 8693 4.1): history for its readers, never a reason to permit. */
interface Act {
  readonly sub: string;
  readonly act?: Act;
}

/**
 * The `act` of a session: for a person every agent, for an agent on its own account those after it; undefined when
 * there are none.
 */
function actOf(session: Pick<Session, "principal" | "actors">): Act | undefined {
  const actors = session.principal.kind === "agent" ? session.actors.slice(1) : session.actors;
  return actors.reduce<Act | undefined>((inner, sub) => (inner ? { sub, act: inner } : { sub }), undefined);
}

interface Times {
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
}

const sessionClaims = (session: Session, issuer: string, times: Times): JWTPayload => {
  const act = actOf(session);
  const logins = loginsOf(session.epochs);
  return {
    iss: issuer,
    sub: session.principal.id,
    client_id: currentAgent(session),
    ...times,
    ...(session.jkt === undefined ? {} : { cnf: { jkt: session.jkt } }),
    ...(act ? { act } : {}),
    sid: session.sid,
    root: session.root,
    anc: [...session.anc],
    depth: session.depth,
    assurance: session.assurance,
    // the login's rows that end the session, for readers that check liveness by the token alone
    ...(logins.length > 0 ? { login: logins.map(loginName) } : {}),
  };
};

/** What an access token is made from. */
interface AccessContent {
  readonly session: Session;
  /** The part of the session that this token carries. */
  readonly grant: Grant;
  readonly times: Times;
}

/** Claims of an access token for exactly one resource (RFC 9068 2.2, RFC 9396 9.1, RFC 9449 6, Token Status List). */
export function accessClaims(
  { session, grant, times }: AccessContent,
  issuer: string,
  registry: RegistrySnapshot,
): JWTPayload {
  const wantsPair = registry.resource(grant.resource)?.subjectIdentifier === "iss_sub";
  const subId = wantsPair ? session.principal.subId : undefined;
  const { cnf, ...claims } = sessionClaims(session, issuer, times);
  // RFC 9449 6: without `cnf` it is a bearer token, which is issued only where the stage allows it
  const bound = !isBearer(grant.resource, registry);
  return {
    ...claims,
    ...(bound && cnf ? { cnf } : {}),
    aud: grant.resource,
    scope: grant.scopes.join(" "),
    ...(grant.details.length > 0 ? { authorization_details: grant.details } : {}),
    ...(subId ? { sub_id: { format: "iss_sub", ...subId } } : {}),
    ...cuttable(session, issuer),
    status: { status_list: { idx: session.status.idx, uri: `${issuer}/status/${session.status.list}` } },
  };
}

/**
 * What the session was issued under, to be compared with the document of cuts: `epochs` in the order of the subjects
 * that the other claims name (`namedSubjects`), and `others`, what no other claim names (builds, and people who own an
 * agent of the chain), by their names in that document. A subject that the session was not issued under has epoch 0, so
 * that any cut of it ends the token.
 */
function cuttable({ principal, actors, epochs }: Session, issuer: string): JWTPayload {
  const named = namedSubjects({ principalId: principal.id, actors, logins: loginsOf(epochs) });
  const others = Object.keys(epochs).filter((subject) => !named.includes(subject));
  return {
    epochs: named.map((subject) => epochs[subject] ?? 0),
    ...(others.length > 0 ? { others: others.map((subject) => [cutName(issuer, subject), epochs[subject]]) } : {}),
  };
}

/**
 * Claims of a handle's row. Nobody verifies a handle offline, so it needs no place in a status list and nothing for the
 * document of cuts.
 */
export function handleClaims(...of: Parameters<typeof accessClaims>): JWTPayload {
  const { status: _, epochs: __, others: ___, ...claims } = accessClaims(...of);
  return claims;
}

/** What the agent is told of its session together with a handle, by the names of the claims. */
export function sessionMembers(session: Session): object {
  const act = actOf(session);
  const { sid, root, depth, jkt, principal } = session;
  return {
    sub: principal.id,
    client_id: currentAgent(session),
    ...(act ? { act } : {}),
    sid,
    root,
    depth,
    ...(jkt === undefined ? {} : { cnf: { jkt } }),
  };
}

/** Claims of a session token. It is for Lanyard alone, so its audience is the issuer and it names no scope. */
export const ownSessionClaims = (session: Session, issuer: string, times: Times): JWTPayload => ({
  ...sessionClaims(session, issuer, times),
  aud: issuer,
});

/** Whether access tokens of a resource are bearer tokens: its registration says that it cannot check proofs. */
const isBearer = (resource: string, registry: RegistrySnapshot): boolean =>
  registry.resource(resource)?.senderConstraint === "none";

/** RFC 8693 2.2.1: a session token is not an access token, so its type is `N_A`. */
export function tokenTypeOf(grant: Grant | undefined, registry: RegistrySnapshot): TokenReply["token_type"] {
  if (!grant) return "N_A";
  return isBearer(grant.resource, registry) ? "Bearer" : "DPoP";
}

/**
 * A bearer token is issued only where the stage also allows it. To issue a bound token instead would not help: the
 * resource would accept it from anybody who copied it (RFC 9449 7.2).
 * @param grant the grant of an access token; none for a session token, which is always bound
 * @param of whether the stage allows it, and the session's key, where it has one
 * @returns nothing, or `bearer_not_allowed`; `proof_required` for a caller without a key at any other resource
 */
export function checkBearer(
  grant: Grant | undefined,
  registry: RegistrySnapshot,
  { bearerTokens, jkt }: { readonly bearerTokens?: boolean | undefined; readonly jkt: string | undefined },
): Result<void, Denial> {
  const { resource } = grant ?? {};
  const bearer = resource !== undefined && isBearer(resource, registry);
  if (bearer && bearerTokens !== true) return err({ code: "bearer_not_allowed", resource });
  // without a key there is nothing that a token could be bound to
  return jkt === undefined && !bearer ? err({ code: "proof_required", what: resource ?? "session" }) : ok(undefined);
}

/**
 * Ids, thumbprints and places in lists have fixed lengths; where one does not exist yet, a text of that length stands
 * for it.
 */
const anId = "-".repeat(22);
const aThumbprint = "-".repeat(43);
const aPlace = { list: "0000000000-00000", idx: limits.statusListSize - 1 };
const aSecond = 9_999_999_999;
/** The largest epoch reckoned with: more than nine thousand cuts of one subject would be a fault. */
const anEpoch = 9_999;
const longest: Times = { iat: aSecond, exp: aSecond, jti: anId };
/** Signatures as bytes: two numbers of P-256, and RSA of 2048 bits. */
const signatureBytes: Readonly<Record<SigningAlgorithm, number>> = { ES256: 64, RS256: 256 };

const base64urlLength = (bytes: number): number => Math.ceil((bytes * 4) / 3);
const jsonLength = (value: object): number => base64urlLength(Buffer.byteLength(JSON.stringify(value), "utf8"));

/** How deeply the objects and lists of a value nest. */
function nestingOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let deepest = 0;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, nestingOf(inner));
  return 1 + deepest;
}

/** The length of a token with these claims, signed and in compact form, and whether its reader would parse it. */
function measured(typ: string, alg: SigningAlgorithm, claims: JWTPayload) {
  const header = { alg, kid: aThumbprint, typ };
  const bytes = jsonLength(header) + jsonLength(claims) + base64urlLength(signatureBytes[alg]) + 2;
  return { bytes, parses: nestingOf(claims) <= limits.claimsDepth };
}

/**
 * Refuses a token that somebody on its way would not accept. The token of a long chain carries the names of all its
 * agents. Beyond `limits.issuedTokenBytes` it does not fit a gateway's headers, and beyond `limits.claimsDepth` every
 * reader refuses it unparsed, we too. This is checked before anything is stored, for every token that the grants can be
 * issued in, and for an offer for the tokens of the child it would become: an agent should not find out only at the end
 * of a chain of work.
 * @returns `token_too_large`
 */
export function checkFits(plan: Plan, issuer: string, registry: RegistrySnapshot): Result<void, Denial> {
  const session = longestSession(plan);
  const signed = plan.grants.map((grant) => {
    const alg = registry.resource(grant.resource)?.accessTokenSigningAlg ?? usualAlgorithm.session;
    return measured(tokenTyp.access, alg, accessClaims({ session, grant, times: longest }, issuer, registry));
  });
  const own = measured(tokenTyp.session, usualAlgorithm.session, ownSessionClaims(session, issuer, longest));
  const all = [own, ...signed];
  const bytes = Math.max(...all.map((token) => token.bytes));
  const nests = all.some((token) => !token.parses);
  if (bytes <= limits.issuedTokenBytes && !nests) return ok(undefined);
  return err({ code: "token_too_large", bytes, limitBytes: limits.issuedTokenBytes, nests, depth: session.depth });
}

/** The session whose tokens will carry the grants, with every member as long as it can be. */
function longestSession(plan: Plan): Session {
  const above = plan.to === undefined ? plan.parent : plan.existing;
  const anew = plan.to !== undefined || !plan.existing;
  const actors = plan.to === undefined ? plan.actors : [...plan.actors, plan.to];
  if (plan.existing && !anew) return { ...plan.existing, status: aPlace };
  return {
    root: anId,
    sid: above ? "_".repeat(22) : anId,
    anc: above ? childAncestors(above) : [],
    depth: above ? above.depth + 1 : 0,
    principal: plan.principal,
    actors,
    grants: plan.grants,
    jkt: aThumbprint,
    // the longest name of a level
    assurance: "document",
    createdAtSeconds: aSecond,
    expiresAtSeconds: aSecond,
    epochs: epochsOf(plan, actors, above),
    registryVersion: 0,
    status: aPlace,
  };
}

/**
 * Everything it may be issued under: at most two names of a person's login, and the agent's build, which is not known
 * yet.
 */
function epochsOf({ principal }: Plan, actors: readonly string[], above: Session | undefined): Session["epochs"] {
  const signedIn = above || principal.kind === "agent" ? [] : [anId, "_".repeat(22)].map(subjects.login);
  const named = namedSubjects({ principalId: principal.id, actors, logins: signedIn });
  const anew = [...named, subjects.build(anId), subjects.principal(anId)].map((name) => [name, anEpoch] as const);
  // epochs from above stay unchanged
  return { ...Object.fromEntries(anew), ...above?.epochs };
}
