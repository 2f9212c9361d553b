import type { Trail } from "../audit/context.ts";
import { toRecord } from "../audit/ocsf.ts";
import type { AuditFacts } from "../audit/record.ts";
import type { Caller } from "../caller/authenticate.ts";
import { newOfferHandle } from "../caller/offer-handle.ts";
import type { DeathCause, Denial } from "../denial/denial.ts";
import { burntBy, loginName, loginReads, loginsOf } from "../model/login.ts";
import type { Ids, Signer } from "../model/ports.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Offer, Session } from "../model/session.ts";
import { accessTokenType, offerTokenType, sessionTokenType, type TokenReply } from "../model/wire.ts";
import { blockedAmong, judgeSession, queryFor, readLiveness, subjects } from "../session/liveness.ts";
import type { Commit, CommitConflict, LivenessRows } from "../session/store.ts";
import { checkBearer, tokenTypeOf } from "./bearer.ts";
import { sessionMembers } from "./claims.ts";
import { draftSession } from "./draft.ts";
import { accessLife } from "./lifetime.ts";
import { mint } from "./mint.ts";
import { tokenReply } from "./reply.ts";
import type { TokenRequest } from "./request.ts";
import { serversOf } from "./servers.ts";
import type { SettleDeps, Settled } from "./settle.ts";
import { growTree } from "./tree-growth.ts";
import { newCounter } from "./uses.ts";

/** What storing and signing needs beside deciding. */
export interface ReleaseDeps extends SettleDeps {
  readonly ids: Ids;
  /** The session key. */
  readonly signer: Signer;
  /** Whether the stage lets resources that cannot check proofs have bearer tokens. */
  readonly bearerTokens?: boolean;
}

/** Stores and answers an offer: nothing to sign, its redemption reads liveness again. */
export async function releaseOffer(
  settled: Settled,
  caller: Caller,
  deps: ReleaseDeps,
  trail: Trail,
): Promise<Result<TokenReply, Denial>> {
  const { plan } = settled;
  const from = plan.existing;
  if (!from || plan.to === undefined) throw new Error("an offer was planned without a session or a target");
  const { handle, address } = newOfferHandle(from.root, deps.ids);
  const createdAtSeconds = nowSeconds(deps.clock);
  const expiresAtSeconds = createdAtSeconds + plan.lifeSeconds;
  const times = { createdAtSeconds, expiresAtSeconds };
  const bound = {
    ...(plan.usesAbove ? { usesAbove: plan.usesAbove } : {}),
    ...(plan.maxUses === undefined ? {} : { maxUses: plan.maxUses }),
  };
  const offer: Offer = { ...address, from, to: plan.to, grants: plan.grants, ...bound, ...times };
  const room = await growTree({ offer }, settled.registry, deps.store);
  if (!room.ok) return room;
  trail.add({ operation: "session.offer", offeredTo: plan.to, grants: plan.grants, expiresAtSeconds });
  const stored = await deps.store.commit({ offer, markers: [caller.proof], record: grantRecord(trail, deps) });
  if (!stored.ok) return err(conflictDenial(stored.error));
  return ok(tokenReply(handle, offerTokenType, plan.lifeSeconds, plan.grants));
}

/**
 * Stores session, marker and record in one transaction, then signs and, at the same time, reads liveness again: a
 * revocation between the first read and the write ends what was stored instead of being outrun (threat 6).
 */
export async function releaseToken(
  settled: Settled,
  request: TokenRequest,
  caller: Caller,
  deps: ReleaseDeps,
  trail: Trail,
): Promise<Result<TokenReply, Denial>> {
  const { plan, source, registry } = settled;
  const first = plan.grants[0];
  const wantsSession = request.requested === "session";
  if (!first || (!wantsSession && plan.grants.length > 1))
    return err({ code: "resource_several", count: plan.grants.length });
  const bearer = checkBearer(wantsSession ? undefined : first, registry, deps);
  if (!bearer.ok) return bearer;
  const drafted = await draftSession(settled, request, caller, deps);
  if (!drafted.ok) return drafted;
  const draft = drafted.value;
  const { session, isNew, jti, iat } = draft;
  const usual = accessLife(registry.resource(first.resource));
  const exp = wantsSession ? session.expiresAtSeconds : Math.min(draft.exp, session.expiresAtSeconds, iat + usual);
  const times = { iat, exp, jti };
  const minted = mint({ session, grant: wantsSession ? undefined : first, times, registry, isNew, plan }, deps);
  noteGrant(trail, settled, session, jti);
  const token_type = tokenTypeOf(wantsSession ? undefined : first, registry);
  trail.add({ tokenType: token_type });
  const counters = [
    ...(isNew && plan.maxUses !== undefined ? [newCounter(session.sid, plan.maxUses, iat)] : []),
    ...(minted.counter ? [minted.counter] : []),
  ];
  const commit: Commit = {
    ...(isNew ? { session } : {}),
    ...(source.kind === "offer" ? { redeem: redemption(source.offer, session, caller) } : {}),
    ...(minted.row ? { handle: minted.row } : {}),
    ...(counters.length > 0 ? { counters } : {}),
    markers: [caller.proof],
    record: grantRecord(trail, deps),
  };
  if (isNew && session.depth > 0) {
    const room = await growTree({ child: session }, registry, deps.store);
    if (!room.ok) return room;
  }
  const stored = await deps.store.commit(commit);
  if (!stored.ok) return err(conflictDenial(stored.error));
  const [token, death] = await Promise.allSettled([minted.token(), deathSince(session, settled, deps)]);
  const dead = causeOf(death);
  // a signature that failed must not burn an offer (threat 17): its session waits for the same agent and key to ask again
  const lost = token.status === "rejected" && source.kind !== "offer";
  if (isNew && (isProven(dead) || lost)) await deps.store.end(session.root, session.sid);
  if (dead) return err(lateDenial(dead));
  if (token.status === "rejected") throw token.reason;
  const type = wantsSession ? sessionTokenType : accessTokenType;
  const more = { ...(minted.row ? { session: sessionMembers(session) } : {}), token_type };
  return ok(tokenReply(token.value, type, exp - iat, plan.grants, more));
}

/** Whether what was stored died between the first read and the write. */
export async function deathSince(
  session: Session,
  settled: Settled,
  deps: ReleaseDeps,
): Promise<DeathCause | undefined> {
  const { source } = settled;
  const query = queryFor({ ...session, principalId: session.principal.id, logins: loginsOf(session.generations) });
  const login = source.kind === "person" ? loginReads(source.person.login) : [];
  const servers = serversOf(resourcesOf(settled), settled.registry);
  const names = [...query.subjects, ...Object.keys(session.generations), ...servers, ...login];
  const rows = await readLiveness(deps.store, { ...query, subjects: names });
  const alive = judgeSession(rows, session.sid, nowSeconds(deps.clock));
  if (!alive.ok) return alive.error;
  const blocked = blockedAmong(rows, servers);
  if (blocked !== undefined) return { kind: "blocked", subject: blocked };
  const idle = await idleSince(session, rows, settled, deps);
  if (idle !== undefined) return { kind: "blocked", subject: subjects.agent(idle) };
  if (source.kind !== "person") return undefined;
  const { person } = source;
  return burntBy(person.login, person.authTimeSeconds, rows) === undefined ? undefined : { kind: "burnt" };
}

/** A second read that failed is no death: whoever throttles it must not be able to end work (threat 44). */
export const causeOf = (read: PromiseSettledResult<DeathCause | undefined>): DeathCause | undefined =>
  read.status === "fulfilled" ? read.value : { kind: "unreadable" };

/** Only a proven death ends what was stored. */
const isProven = (dead: DeathCause | undefined): boolean => dead !== undefined && dead.kind !== "unreadable";

/**
 * Why nothing is released after the write. What could not be read is asked for again: what was stored stands, unreleased,
 * and an offer opens the same session for the same agent and key.
 */
export const lateDenial = (cause: DeathCause): Denial =>
  cause.kind === "unreadable"
    ? { code: "liveness_unavailable", why: "it could not be read again; nothing was released, and nothing ended" }
    : { code: "died_in_flight", cause };

const resourcesOf = ({ plan }: Settled): readonly string[] => plan.grants.map(({ resource }) => resource);

/** An agent of the chain, or a server, that is no longer active, where another version of the registry counts than decided this. */
async function idleSince(
  session: Session,
  { deployment }: LivenessRows,
  settled: Settled,
  deps: ReleaseDeps,
): Promise<string | undefined> {
  if (!deployment || deployment.registryVersion === settled.registry.version) return undefined;
  const now = await deps.registries.at(deployment.registryVersion);
  const servers = resourcesOf(settled).flatMap((uri) => now.resource(uri)?.servedBy ?? []);
  return [...session.actors, ...servers.map(now.agentId)].find((id) => now.agent(id)?.state !== "active");
}

const redemption = (offer: Offer, session: Session, caller: Caller): NonNullable<Commit["redeem"]> => ({
  root: offer.root,
  handleHash: offer.handleHash,
  sid: session.sid,
  jkt: caller.jkt,
});

/** The record of what the trail says was granted. */
export const grantRecord = (trail: Trail, deps: ReleaseDeps) =>
  toRecord({ ...trail.facts, outcome: "allowed" }, deps.ids.id());

const operations = {
  open: "session.open",
  renew: "session.renew",
  access: "token.access",
  offer: "session.offer",
  redeem: "session.redeem",
  hop: "session.hop",
} as const satisfies Record<string, AuditFacts["operation"]>;

/** Puts what is granted on the trail. */
export function noteGrant(trail: Trail, settled: Settled, session: Session, jti: string): void {
  const { plan, policies } = settled;
  const { sid, root, depth, actors, principal } = session;
  const above = plan.parent?.sid;
  trail.add({
    operation: operations[plan.action],
    principal: principal.id,
    actors,
    logins: loginsOf(session.generations).map(loginName),
    session: { sid, root, depth, ...(above === undefined ? {} : { parent: above }) },
    grants: plan.grants,
    expiresAtSeconds: session.expiresAtSeconds,
    jti,
    policies,
  });
}

/** What a refused transaction means to whoever asked. */
export function conflictDenial(conflict: CommitConflict): Denial {
  switch (conflict.kind) {
    case "marker":
      return { code: "dpop_replayed" };
    case "offer_taken":
      return { code: "offer_redeemed_by_another_key" };
    case "renewed_meanwhile":
      return { code: "renewal_overtaken" };
    case "uses_spent":
      return { code: "uses_spent" };
    case "session_exists":
      throw new Error("a fresh session id was taken already");
  }
}
