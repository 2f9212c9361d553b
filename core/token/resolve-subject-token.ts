import { readAccessToken } from "../caller/access-handle.ts";
import { type OwnToken, verifyOwnToken } from "../caller/own-token.ts";
import { ownerOf, ownerOfStolen, withOwner } from "../caller/stolen.ts";
import type { Denial } from "../denial/denial.ts";
import { decodeUnverified } from "../jose/jwt.ts";
import { verifyIdJag } from "../jwt-bearer/id-jag.ts";
import { type Once, onceFor } from "../jwt-bearer/once.ts";
import { loginReads } from "../model/login.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { subjects } from "../model/subjects.ts";
import { isAccessHandle } from "../model/wire.ts";
import { type PersonFacts, verifyPerson } from "../person/id-token.ts";
import { queryFor } from "../session/liveness.ts";
import type { LivenessQuery } from "../session/store.ts";
import type { TokenContext } from "./context.ts";
import { fromOffer, type LocatedOffer, type OfferSubject } from "./offer-subject.ts";

/** Where the authority of a request comes from; verified, and its liveness not read yet. */
export type ResolvedSubject =
  | { readonly kind: "own"; readonly query: LivenessQuery; readonly once?: Once }
  | { readonly kind: "person"; readonly person: PersonFacts; readonly query: LivenessQuery; readonly once?: Once }
  | { readonly kind: "session"; readonly token: OwnToken; readonly query: LivenessQuery }
  | { readonly kind: "hop"; readonly token: OwnToken; readonly query: LivenessQuery }
  | OfferSubject;

/** The ports that resolving uses. */
type ResolveContext = TokenContext<"clock" | "issuer" | "trustDomain" | "ownKeys" | "store" | "keySets">;
type OwnContext = TokenContext<"clock" | "issuer" | "trustDomain" | "ownKeys" | "store">;

/**
 * Resolves the subject token to principal and parent, and decides who may use which token as `subject_token`: a
 * session's own agent with the key it is bound to; the agent that an offer names; the agent that serves a token's
 * audience; the agent registered for the client a person's token was issued to; nobody else. The session is added to
 * the audit context before a refusal, so that the record of a theft names the tree it was tried on (threat 41).
 * @returns the subject; for an offer whose handle names what to read, those rows' keys (`offer-subject.ts` continues)
 */
export async function resolveSubjectToken(
  context: ResolveContext,
  registry: RegistrySnapshot,
): Promise<Result<ResolvedSubject | LocatedOffer, Denial>> {
  const { caller, audit, ports } = context;
  const { subject } = context.request;
  // it works on its own account
  if (!subject || subject.type === "workload") audit.add({ principal: caller.agent });
  if (!subject) return ok({ kind: "own", query: plain([subjects.principal(caller.agent)]) });
  if (subject.type === "workload") return fromWorkload(subject.token, context);
  if (subject.type === "offer") return fromOffer(subject.token, context, registry);
  if (subject.type === "session") return fromOwnToken("session", context, registry);
  if (subject.type === "access" && isOwn(subject.token, ports.issuer)) return fromOwnToken("access", context, registry);
  // its own way resolves it (`approvals/redeem.ts`)
  if (subject.type === "approval") throw new Error("an approval is no subject token");
  return fromPerson({ token: subject.token, type: subject.type }, context, registry);
}

/**
 * A workload whose platform's token authenticated it acts on its own account. With a key each request opens a session,
 * as everywhere. Without one the document is all that there is: it opens one session, which ends with it, and whoever
 * shows the file again gets that one (Kubernetes clients send a file again and again).
 */
function fromWorkload(token: string, { caller }: ResolveContext): Result<ResolvedSubject, Denial> {
  if (!caller.again || caller.identity.evidence.type !== "oidc") throw new Error("a document authenticated nobody");
  const query = plain([subjects.principal(caller.agent)]);
  if (caller.jkt !== undefined) return ok({ kind: "own", query });
  const { iss, exp } = decodeUnverified(token)?.payload ?? {};
  const endsAtSeconds = Math.floor(Number(exp));
  const once = { ...onceFor(String(iss), token.slice(0, token.lastIndexOf(".")), endsAtSeconds), endsAtSeconds };
  return ok({ kind: "own", query: { ...query, ...rowOf(once) }, once });
}

/** The row of the one session that an assertion opens, to be read with all else. */
const rowOf = ({ sid }: Once): Pick<LivenessQuery, "session" | "tombstones"> => ({
  session: { root: sid, sid },
  tombstones: [sid],
});

/** Resolves the caller's own session by its session token, for endpoints that accept no other subject. */
export async function resolveOwnSession(
  context: OwnContext,
  registry: RegistrySnapshot,
): Promise<Result<ResolvedSubject, Denial>> {
  return fromOwnToken("session", context, registry);
}

/** Whether a token names our own issuer. This only decides how the token is verified. */
const isOwn = (token: string, issuer: string): boolean =>
  isAccessHandle(token) || decodeUnverified(token)?.payload.iss === issuer;

const plain = (names: readonly string[]): LivenessQuery => ({ tombstones: [], subjects: names });

async function fromPerson(
  { token, type }: { readonly token: string; readonly type: "id" | "access" | "id-jag" },
  { caller, audit, ports }: ResolveContext,
  registry: RegistrySnapshot,
): Promise<Result<ResolvedSubject, Denial>> {
  const registration = registry.agent(caller.agent);
  if (!registration) return err({ code: "agent_unknown", agent: caller.agent });
  const { keySets, clock, issuer: ownIssuer } = ports;
  const input = { token, agentId: caller.agent, registration, registry, keySets, clock, ownIssuer };
  const read =
    type === "id-jag"
      ? await verifyIdJag({ ...input, jkt: caller.jkt })
      : await verifyPerson({ ...input, type }).then((one) =>
          one.ok ? ok({ person: one.value, once: undefined }) : one,
        );
  if (!read.ok) return err(withOwner(read.error, await ownerOfStolen(token, caller.jkt, ports)));
  const { person, once } = read.value;
  audit.add({ principal: person.principal.id });
  const query = plain([subjects.principal(person.principal.id), ...loginReads(person.login)]);
  return ok(
    once === undefined
      ? { kind: "person", person, query }
      : { kind: "person", person, once, query: { ...query, ...rowOf(once) } },
  );
}

async function fromOwnToken(
  kind: "access" | "session",
  { request, caller, audit, ports }: OwnContext,
  registry: RegistrySnapshot,
): Promise<Result<ResolvedSubject, Denial>> {
  const text = request.subject?.token ?? "";
  const verified =
    kind === "access" ? await readAccessToken(text, ports) : await verifyOwnToken(text, ports, { kind: "session" });
  if (!verified.ok) return err(withOwner(verified.error, await ownerOfStolen(text, caller.jkt, ports)));
  const token = verified.value;
  const query = queryFor(token);
  const { root, sid, actors, principalId, anc } = token;
  audit.add({ principal: principalId, actors, session: { root, sid, anc, depth: sid === root ? 0 : anc.length + 1 } });
  if (token.agent === caller.agent) {
    // a token that was copied to another process of the same agent is stolen too (a bearer token names no key;
    // `planFor` compares its session's)
    if (token.jkt !== undefined && token.jkt !== caller.jkt)
      return err({ code: "dpop_key_mismatch", boundTo: "subject_token", owner: ownerOf(token) });
    if (request.requested !== "offer")
      audit.add({ operation: request.requested === "session" ? "session.renew" : "token.access" });
    return ok({ kind: "session", token, query });
  }
  const servedBy = kind === "access" ? registry.resource(token.aud)?.servedBy : undefined;
  audit.add({ operation: "session.hop" });
  if (servedBy !== undefined && registry.agentId(servedBy) === caller.agent)
    // the agent that presents a bearer token proved nothing by it, so it must not start further work for the principal
    return token.jkt === undefined ? err({ code: "subject_token_unbound" }) : ok({ kind: "hop", token, query });
  const why = "neither this agent's session nor a token for what it serves";
  return err(
    withOwner({ code: "subject_token_not_yours", why } as const, token.jkt === undefined ? undefined : ownerOf(token)),
  );
}
