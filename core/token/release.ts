import { toRecord } from "../audit/ocsf.ts";
import type { AuditFacts } from "../audit/record.ts";
import type { DeathCause, Denial } from "../denial.ts";
import type { Ids, Signer } from "../ports.ts";
import { nowSeconds } from "../ports.ts";
import { err, ok, type Result } from "../result.ts";
import { judgeSession, queryFor, readLiveness } from "../session/liveness.ts";
import type { Offer, Session } from "../session/model.ts";
import type { Commit, CommitConflict } from "../session/store.ts";
import { signJwt } from "../sign.ts";
import { accessTokenType, offerTokenType, sessionTokenType, type TokenReply, tokenTyp } from "../wire.ts";
import type { Caller } from "./authenticate.ts";
import { accessClaims, ownSessionClaims } from "./claims.ts";
import { draftSession } from "./draft.ts";
import { newOfferHandle } from "./offer-handle.ts";
import type { TokenRequest } from "./request.ts";
import type { SettleDeps, Settled } from "./settle.ts";
import type { Trail } from "./trail.ts";

/** What storing and signing needs beside deciding. */
export interface ReleaseDeps extends SettleDeps {
  readonly ids: Ids;
  /** The session key. */
  readonly signer: Signer;
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
  const offer: Offer = { ...address, from, to: plan.to, grants: plan.grants, createdAtSeconds, expiresAtSeconds };
  trail.add({ operation: "session.offer", offeredTo: plan.to, grants: plan.grants, expiresAtSeconds });
  const stored = await deps.store.commit({ offer, markers: [caller.proof], record: grantRecord(trail, deps) });
  if (!stored.ok) return err(conflictDenial(stored.error));
  return ok(reply(handle, offerTokenType, "N_A", plan.lifeSeconds, plan));
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
  const draft = await draftSession(settled, request, caller, deps);
  const { session, isNew, jti, iat } = draft;
  const usual = registry.resource(first.resource)?.accessTokenLifeSeconds ?? 300;
  const exp = wantsSession ? session.expiresAtSeconds : Math.min(draft.exp, session.expiresAtSeconds, iat + usual);
  noteGrant(trail, settled, session, jti);
  const commit: Commit = {
    ...(isNew ? { session } : {}),
    ...(source.kind === "offer" ? { redeem: redemption(source.offer, session, caller) } : {}),
    markers: [caller.proof],
    record: grantRecord(trail, deps),
  };
  const stored = await deps.store.commit(commit);
  if (!stored.ok) return err(conflictDenial(stored.error));
  const times = { iat, exp, jti };
  const claims = wantsSession
    ? ownSessionClaims(session, deps.issuer, times)
    : accessClaims(session, first, deps.issuer, times, registry);
  const typ = wantsSession ? tokenTyp.session : tokenTyp.access;
  const [signed, death] = await Promise.allSettled([
    signJwt(deps.signer, { typ }, claims, session.sid),
    deathSince(session, settled, deps),
  ]);
  const dead = death.status === "fulfilled" ? death.value : ({ kind: "unreadable" } as const);
  // a signature that failed must not burn an offer (threat 17): its session waits for the same agent and key to ask again
  const lost = signed.status === "rejected" && source.kind !== "offer";
  if (isNew && (dead || lost)) await deps.store.end(session.root, session.sid);
  if (dead) return err({ code: "died_in_flight", cause: dead });
  if (signed.status === "rejected") throw signed.reason;
  const type = wantsSession ? sessionTokenType : accessTokenType;
  return ok(reply(signed.value.token, type, wantsSession ? "N_A" : "DPoP", exp - iat, plan));
}

async function deathSince(session: Session, settled: Settled, deps: ReleaseDeps): Promise<DeathCause | undefined> {
  const { source } = settled;
  const query = queryFor({ ...session, principalId: session.principal.id });
  const burnt = source.kind === "person" ? [source.person.burnMarker] : [];
  const names = [...query.subjects, ...Object.keys(session.generations)];
  const rows = await readLiveness(deps.store, { ...query, subjects: names, burnt });
  const alive = judgeSession(rows, session.sid, nowSeconds(deps.clock));
  if (!alive.ok) return alive.error;
  return burnt.some((marker) => rows.burnt.has(marker)) ? { kind: "burnt" } : undefined;
}

const redemption = (offer: Offer, session: Session, caller: Caller): NonNullable<Commit["redeem"]> => ({
  root: offer.root,
  handleHash: offer.handleHash,
  sid: session.sid,
  jkt: caller.jkt,
});

const grantRecord = (trail: Trail, deps: ReleaseDeps) =>
  toRecord({ ...trail.facts, outcome: "allowed" }, deps.ids.id());

const operations = {
  open: "session.open",
  renew: "session.renew",
  access: "token.access",
  offer: "session.offer",
  redeem: "session.redeem",
  hop: "session.hop",
} as const satisfies Record<string, AuditFacts["operation"]>;

function noteGrant(trail: Trail, settled: Settled, session: Session, jti: string): void {
  const { plan, policies } = settled;
  const { sid, root, depth, actors, principal } = session;
  const above = plan.parent?.sid;
  trail.add({
    operation: operations[plan.action],
    principal: principal.id,
    actors,
    session: { sid, root, depth, ...(above === undefined ? {} : { parent: above }) },
    grants: plan.grants,
    expiresAtSeconds: session.expiresAtSeconds,
    jti,
    policies,
  });
}

const reply = (
  token: string,
  issuedType: string,
  tokenType: "DPoP" | "N_A",
  expiresIn: number,
  plan: Settled["plan"],
): TokenReply => {
  const details = plan.grants.flatMap((grant) => grant.details);
  return {
    access_token: token,
    issued_token_type: issuedType,
    token_type: tokenType,
    expires_in: expiresIn,
    scope: plan.grants.flatMap((grant) => grant.scopes).join(" "),
    ...(details.length > 0 ? { authorization_details: details } : {}),
  };
};

function conflictDenial(conflict: CommitConflict): Denial {
  switch (conflict.kind) {
    case "marker":
      return { code: "dpop_replayed" };
    case "offer_taken":
      return { code: "offer_redeemed_by_another_key" };
    case "session_exists":
      throw new Error("a fresh session id was taken already");
  }
}
