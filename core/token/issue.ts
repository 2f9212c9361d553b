import type { AuditContext } from "../audit/context.ts";
import type { AuditFacts } from "../audit/record.ts";
import type { Caller } from "../caller/authenticate.ts";
import { newOfferHandle } from "../caller/offer-handle.ts";
import { locatorDay, sealLocator } from "../caller/offer-locator.ts";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { loginName, loginsOf } from "../model/login.ts";
import { newPersonKey } from "../model/person-key.ts";
import { nowSeconds } from "../model/ports.ts";
import type { ReplayEntry } from "../model/replay/entry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Offer, Session } from "../model/session.ts";
import { accessTokenType, offerTokenType, sessionTokenType, type TokenReply } from "../model/wire.ts";
import type { Commit, CommitConflict } from "../session/store.ts";
import { causeOf, deathSince, isProven, lateDenial } from "./alive.ts";
import type { Authorized } from "./authorize.ts";
import { growTree, newCounter } from "./bounds.ts";
import { checkBearer, sessionMembers, tokenTypeOf } from "./claims.ts";
import type { TokenContext } from "./context.ts";
import { type Draft, draftSession, mint, onceOf, tokenReply } from "./mint.ts";
import { accessLife, type Plan } from "./plan.ts";

/** Stores an offer and answers its handle. Nothing is signed; its redemption reads liveness again. */
export async function issueOffer(authorized: Authorized, context: TokenContext): Promise<Result<TokenReply, Denial>> {
  const { plan } = authorized;
  const { caller, audit, ports } = context;
  const from = plan.existing;
  if (!from || plan.to === undefined) throw new Error("an offer was planned without a session or a target");
  const daySecret = await ports.store.locatorSecret(locatorDay(ports.clock));
  const seal = (secret: string) => sealLocator(from, { root: from.root, secret }, daySecret);
  const { handle, address } = newOfferHandle(from.root, ports.ids, seal);
  const createdAtSeconds = nowSeconds(ports.clock);
  const expiresAtSeconds = createdAtSeconds + plan.lifeSeconds;
  const times = { createdAtSeconds, expiresAtSeconds };
  const bound = {
    ...(plan.usesAbove ? { usesAbove: plan.usesAbove } : {}),
    ...(plan.maxUses === undefined ? {} : { maxUses: plan.maxUses }),
    ...(plan.budget ? { budget: plan.budget } : {}),
  };
  const offer: Offer = { ...address, from, to: plan.to, grants: plan.grants, ...bound, ...times };
  const room = await growTree({ offer }, authorized.registry, ports.store);
  if (!room.ok) return room;
  audit.add({ operation: "session.offer", offeredTo: plan.to, grants: plan.grants, expiresAtSeconds });
  const stored = await ports.store.commit({ offer, replayEntries: caller.entries, ...recordOf(authorized, context) });
  if (!stored.ok) return err(conflictDenial(stored.error));
  return ok(tokenReply({ token: handle, type: offerTokenType, expiresIn: plan.lifeSeconds, grants: plan.grants }));
}

/**
 * Stores session, replay entry and record in one transaction, then signs and, at the same time, reads liveness again: a
 * revocation between the first read and the write ends what was stored, so that nothing is released after it (threat
 * 6).
 */
export async function issueToken(authorized: Authorized, context: TokenContext): Promise<Result<TokenReply, Denial>> {
  const { plan, subject, registry } = authorized;
  const { request, caller, audit, ports } = context;
  const first = plan.grants[0];
  const once = onceOf(subject);
  const wantsSession = request.requested === "session";
  if (!first || (!wantsSession && plan.grants.length > 1))
    return err({ code: "resource_several", count: plan.grants.length });
  const { bearerTokens } = ports;
  const bearer = checkBearer(wantsSession ? undefined : first, registry, { bearerTokens, jkt: caller.jkt });
  if (!bearer.ok) return bearer;
  const drafted = await draftSession(authorized, context);
  if (!drafted.ok) return drafted;
  const draft = drafted.value;
  const { session, isNew, jti, iat } = draft;
  const usual = accessLife(registry.resource(first.resource));
  const exp = wantsSession ? session.expiresAtSeconds : Math.min(draft.exp, session.expiresAtSeconds, iat + usual);
  const times = { iat, exp, jti };
  const minted = mint(
    { session, grant: wantsSession ? undefined : first, times, registry, isNew, plan, policies: authorized.policies },
    ports,
  );
  noteGrant(audit, authorized, draft);
  if (plan.takesOver) audit.add({ keyReplaced: true });
  const token_type = tokenTypeOf(wantsSession ? undefined : first, registry);
  audit.add({ tokenType: token_type });
  const counters = [
    ...(isNew && plan.maxUses !== undefined ? [newCounter(session.sid, plan.maxUses, iat)] : []),
    ...(minted.counter ? [minted.counter] : []),
  ];
  const commit: Commit = {
    ...(isNew ? { session } : {}),
    ...(subject.kind === "offer" ? { redeem: redemption(subject.offer, session, caller) } : {}),
    ...(plan.takesOver ? { takeOver: takeOverOf(plan.takesOver, session) } : {}),
    ...(minted.row ? { handle: minted.row } : {}),
    ...(counters.length > 0 ? { counters } : {}),
    ...(authorized.approval ? { approval: authorized.approval } : {}),
    replayEntries: [...caller.entries, ...(isNew && once ? [once.entry] : [])],
    ...recordOf(authorized, context),
  };
  if (isNew && session.depth > 0) {
    const offered = subject.kind === "offer" ? subject.offer : undefined;
    const room = await growTree({ child: session, offered }, registry, ports.store);
    if (!room.ok) return room;
  }
  const stored = await ports.store.commit(commit);
  if (!stored.ok) return err(conflictDenial(stored.error));
  const within = await chargeLate(authorized, context);
  if (!within.ok) {
    if (isNew) await ports.store.end(session.root, session.sid);
    return within;
  }
  const [token, death] = await Promise.allSettled([minted.token(), deathSince(session, authorized, ports)]);
  const dead = causeOf(death);
  // a failed signature must not use up an offer (threat 17): its session stays, and the same agent and key can ask for
  // it again
  const lost = token.status === "rejected" && subject.kind !== "offer";
  if (isNew && (isProven(dead) || lost)) await ports.store.end(session.root, session.sid);
  if (dead) return err(lateDenial(dead));
  if (token.status === "rejected") throw token.reason;
  const type = wantsSession ? sessionTokenType : accessTokenType;
  const more = { ...(minted.row ? { session: sessionMembers(session) } : {}), token_type };
  return ok(tokenReply({ token: token.value, type, expiresIn: exp - iat, grants: plan.grants }, more));
}

/**
 * Takes from the bucket of an agent whose assertion or document could have been a copy until it was written as used: a
 * copy that is shown again and again must not use up the bucket (threat 13).
 */
async function chargeLate(
  { subject, registry }: Authorized,
  { caller, ports }: TokenContext,
): Promise<Result<void, Denial>> {
  if (!caller.chargedLate || subject.kind === "session") return ok(undefined);
  const { agent } = caller;
  const perSecond = registry.agent(agent)?.issuancesPerSecond ?? limits.issuancesPerSecond;
  return (await ports.limiter.take(agent, perSecond, "issue"))
    ? ok(undefined)
    : err({ code: "rate_exceeded", agent, perSecond });
}

const redemption = (offer: Offer, session: Session, { jkt }: Caller): NonNullable<Commit["redeem"]> => {
  if (jkt === undefined) throw new Error("an offer was redeemed without a key");
  return { root: offer.root, handleHash: offer.handleHash, sid: session.sid, jkt };
};

const takeOverOf = (
  takes: NonNullable<Plan["takesOver"]>,
  { root, sid, jkt }: Session,
): NonNullable<Commit["takeOver"]> => {
  if (jkt === undefined) throw new Error("a session was taken over without a key");
  return { ...takes, root, sid, jkt };
};

/**
 * The record of a grant, from the audit context. For a person without a key one is made, and stored in the same
 * transaction: of two first grants at one moment one is refused and goes round, so that there is one key, and no record
 * is encrypted under another.
 */
export function recordOf(
  { keyless }: Pick<Authorized, "keyless">,
  { audit, ports }: TokenContext<"ids" | "toRecord" | "clock">,
): Pick<Commit, "record" | "personKey"> {
  const personKey = keyless === undefined ? undefined : newPersonKey(keyless, ports);
  const facts = { ...audit.facts, ...(personKey ? { personKey } : {}), outcome: "allowed" } as const;
  return { record: ports.toRecord(facts, ports.ids.id()), ...(personKey ? { personKey } : {}) };
}

/** How a grant is recorded, by what it was planned as. */
export const operations = {
  open: "session.open",
  renew: "session.renew",
  access: "token.access",
  offer: "session.offer",
  redeem: "session.redeem",
  hop: "session.hop",
} as const satisfies Record<string, AuditFacts["operation"]>;

/** Adds to the audit context what is granted. */
export function noteGrant(
  audit: AuditContext,
  { plan, policies }: Authorized,
  { session, jti }: Pick<Draft, "session"> & Partial<Pick<Draft, "jti">>,
): void {
  const { sid, root, anc, depth, actors, principal } = session;
  const above = plan.parent?.sid;
  audit.add({
    operation: operations[plan.action],
    principal: principal.id,
    actors,
    logins: loginsOf(session.epochs).map(loginName),
    session: { sid, root, anc, depth, ...(above === undefined ? {} : { parent: above }) },
    grants: plan.grants,
    expiresAtSeconds: session.expiresAtSeconds,
    ...(jti === undefined ? {} : { jti }),
    policies,
  });
}

/** The denial that tells the caller why a transaction was refused. */
export function conflictDenial(conflict: CommitConflict): Denial {
  switch (conflict.kind) {
    case "replay":
      return replayDenial(conflict.entry);
    case "offer_taken":
      return { code: "offer_redeemed_by_another_key" };
    case "taken_over_meanwhile":
    case "renewed_meanwhile":
      return { code: "renewal_overtaken" };
    case "uses_spent":
      return { code: "uses_spent" };
    case "person_key_exists":
      return { code: "person_key_overtaken" };
    case "approval_used":
      return { code: "approval_used", id: conflict.id };
    case "approval_withdrawn":
      return { code: "approval_refused", id: conflict.id };
    // an assertion's one session is kept to by its replay entry, which is looked at first
    case "session_exists":
      throw new Error("a fresh session id was taken already");
  }
}

function replayDenial(entry: ReplayEntry["kind"]): Denial {
  switch (entry) {
    case "client-assertion":
      return { code: "client_assertion_replayed" };
    case "assertion":
      return { code: "assertion_used_up" };
    // a document that another key showed first, or that was shown without one
    case "evidence":
      return { code: "evidence_of_another_key", type: "oidc" };
    default:
      return { code: "dpop_replayed" };
  }
}
