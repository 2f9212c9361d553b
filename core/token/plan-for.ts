import type { AuditContext } from "../audit/context.ts";
import type { OwnToken } from "../caller/own-token.ts";
import type { Denial } from "../denial/denial.ts";
import { withinAsserted } from "../jwt-bearer/id-jag.ts";
import type { Once } from "../jwt-bearer/once.ts";
import { weaker } from "../model/assurance.ts";
import { limits } from "../model/limits.ts";
import { denylistedBy, isUnnamed } from "../model/login.ts";
import { err, ok, type Result } from "../model/result.ts";
import { currentAgent, type Grant, type Offer, type Session } from "../model/session.ts";
import { subjects } from "../model/subjects.ts";
import { redefinedGroups } from "../narrow/delegation.ts";
import { narrowWithin } from "../narrow/grants.ts";
import { stillMapped } from "../narrow/scope-mapping.ts";
import type { PersonFacts } from "../person/id-token.ts";
import { epochOf, evaluateSession } from "../session/liveness.ts";
import { handedOnFreely, isServing, notServing } from "../session/quarantine.ts";
import type { LivenessRows } from "../session/store.ts";
import { isBoundedBeyond } from "./bounds.ts";
import { boundAll, type Plan, type PlanInput, planAccess, planRoot } from "./plan.ts";
import { planDownstreamExchange, planOffer, planRedeem } from "./plan-child.ts";
import { type Above, planRenewal } from "./plan-renewal.ts";
import type { ResolvedSubject } from "./resolve-subject-token.ts";

/** What a plan is based on: the subject token, its rows of the liveness batch, and the rows that bound a renewal. */
interface SubjectRead {
  readonly subject: ResolvedSubject;
  readonly rows: LivenessRows;
  readonly above: Above;
}

/**
 * Plans what a subject token allows, after its liveness was read: the session it names must be alive and used with the
 * key it is bound to, and every agent of its chain must be active.
 * @param audit receives whose session it is
 */
export function planFor(
  { subject, rows, above }: SubjectRead,
  input: PlanInput,
  audit: AuditContext,
): Result<Plan, Denial> {
  const { request } = input;
  if (request.requested === "offer" && subject.kind !== "session")
    return err({
      code: "parameter_invalid",
      name: "requested_token_type",
      why: "only a session of one's own is offered",
    });
  const keyless = checkKeyless(subject, input);
  if (!keyless.ok) return keyless;
  const serving = checkServing(subject, rows, input);
  if (!serving.ok) return serving;
  if (subject.kind === "own" || subject.kind === "person") {
    const { once } = subject;
    const shown = once && rows.session?.sid === once.sid ? rows.session : undefined;
    if (once && shown) return planShownAgain({ session: shown, subject, rows }, input, audit);
    return subject.kind === "own" ? planOwn(rows, input, once) : planPerson(subject.person, rows, input);
  }
  const alive = evaluateSession(rows, parentSid(subject), input.nowSeconds);
  if (!alive.ok) return err({ code: "parent_dead", cause: alive.error });
  const session = alive.value;
  // a bearer token names no key, but its session does, and only that key may use it here (threat 9)
  if (
    subject.kind === "session" &&
    subject.token.jkt === undefined &&
    (session.jkt === undefined || session.jkt !== input.caller.jkt)
  )
    return err({ code: "dpop_key_mismatch", boundTo: "subject_token" });
  // what was issued to a key that has the session no more is worth nothing, to its holder and to whoever it was shown
  if (isOfFormerKey(subject, session))
    return err({ code: "parent_dead", cause: { kind: "taken_over", sid: session.sid } });
  // an agent that was suspended or retired since: its sessions end at once and not at their planned end
  const idle = session.actors.find((id) => input.registry.agent(id)?.state !== "active");
  if (idle !== undefined)
    return err({ code: "parent_dead", cause: { kind: "blocked", subject: subjects.agent(idle) } });
  audit.add({ principal: session.principal.id });
  const makesChild = subject.kind === "offer" || subject.kind === "hop";
  const free = handedOnFreely(session, rows, makesChild || request.requested === "offer" ? "next" : undefined);
  if (!free.ok) return free;
  const redefined = redefinedGroups(session, input.registry);
  if (redefined !== undefined) return err({ code: "groups_redefined", issuerName: redefined });
  const { via } = session;
  const mapped =
    via?.kind === "hop"
      ? stillMapped(
          { agentId: currentAgent(session), presented: via.presented, wanted: session.grants },
          input.registry,
        )
      : ok(undefined);
  if (!mapped.ok) return mapped;
  switch (subject.kind) {
    case "session":
      if (request.requested === "session")
        return opensAll(subject.token, session) && !isBoundedBeyond(subject.token, session)
          ? planRenewal(input, session, above)
          : err({ code: "renewal_refused", why: "the token presented holds less than its session" });
      return planOfOwn(subject.token, session, input);
    case "offer":
      return planRedeem(input, session, subject.offer.grants);
    case "redeemed":
      return subject.takenFrom === undefined
        ? planAgain(session, input)
        : planTakeOver({ ...subject, takenFrom: subject.takenFrom }, session, input);
    case "hop":
      return planDownstreamExchange(input, session, subject.token);
  }
}

/**
 * A caller without a key gets access tokens of its own or of a person's work, and nothing that would need one: a
 * session token, an offer, a renewal and everything that is exchanged is bound to a key.
 */
function checkKeyless({ kind }: ResolvedSubject, { request, caller }: PlanInput): Result<void, Denial> {
  if (caller.jkt !== undefined) return ok(undefined);
  if (request.requested !== "access") return err({ code: "proof_required", what: request.requested });
  return kind === "own" || kind === "person" ? ok(undefined) : err({ code: "proof_required", what: kind });
}

/** A quarantined server goes on with no token that it is shown, unless its profile lets it serve. */
function checkServing(
  subject: ResolvedSubject,
  rows: LivenessRows,
  { caller: { agent }, registration }: PlanInput,
): Result<void, Denial> {
  const isShown = subject.kind === "hop" || (subject.kind === "person" && subject.person.presented !== undefined);
  return isShown && !isServing(registration, agent, rows) ? err(notServing(agent)) : ok(undefined);
}

/** An assertion that has opened its session, and that session. */
interface ShownAgain {
  readonly session: Session;
  readonly subject: Extract<ResolvedSubject, { kind: "own" | "person" }>;
  readonly rows: LivenessRows;
}

/**
 * An assertion is shown again. The agent and key that showed it first get tokens of the session it opened, as far as
 * that lives; anybody else has a copy, or showed a copy first.
 */
function planShownAgain(
  { session, subject, rows }: ShownAgain,
  input: PlanInput,
  audit: AuditContext,
): Result<Plan, Denial> {
  const { caller, registry } = input;
  const { root, sid, anc, depth, actors, principal } = session;
  audit.add({ principal: principal.id, actors, session: { root, sid, anc, depth } });
  if (currentAgent(session) !== caller.agent || session.jkt !== caller.jkt)
    return err({ code: "assertion_of_another" });
  const alive = evaluateSession(rows, sid, input.nowSeconds);
  if (!alive.ok) return err({ code: "parent_dead", cause: alive.error });
  const redefined = redefinedGroups(session, registry);
  if (redefined !== undefined) return err({ code: "groups_redefined", issuerName: redefined });
  const asserted = subject.kind === "person" ? subject.person.asserted : undefined;
  const request = asserted ? withinAsserted(input.request, asserted, registry) : ok(input.request);
  if (!request.ok) return request;
  const again = { ...input, request: request.value };
  return input.request.requested === "session" ? planSessionAgain(session, again) : planAccess(again, session);
}

/** A plan for the caller's own session, within the token that was presented for it. */
function planOfOwn(token: OwnToken, session: Session, input: PlanInput): Result<Plan, Denial> {
  const presented = { ...session, grants: heldBy(token, session) };
  const plan = input.request.requested === "offer" ? planOffer(input, presented) : planAccess(input, presented);
  return plan.ok ? ok({ ...plan.value, existing: session }) : plan;
}

const parentSid = (subject: Exclude<ResolvedSubject, { kind: "own" | "person" }>): string => {
  if (subject.kind === "offer") return subject.offer.from.sid;
  return subject.kind === "redeemed" ? subject.sid : subject.token.sid;
};

function planOwn(rows: LivenessRows, input: PlanInput, once: Once | undefined): Result<Plan, Denial> {
  const principal = subjects.principal(input.caller.agent);
  if (epochOf(rows, principal).blocked) return err({ code: "blocked", subject: principal });
  return planRoot(input, undefined, once?.endsAtSeconds);
}

/**
 * A revoked root denylists its login (threat 32), and a cut principal needs a login after the cut (threat 1). A login
 * that names neither its time nor its session can never be shown to be later, so only an operator can admit it again.
 */
function planPerson(person: PersonFacts, rows: LivenessRows, input: PlanInput): Result<Plan, Denial> {
  const subject = subjects.principal(person.principal.id);
  const epoch = epochOf(rows, subject);
  if (epoch.blocked) return err({ code: "blocked", subject });
  const by = denylistedBy(person.login, person.authTimeSeconds, rows);
  if (by !== undefined) return err({ code: "person_token_burnt", by });
  const oldestSeconds = Math.min(person.issuedAtSeconds, person.authTimeSeconds ?? person.issuedAtSeconds);
  const cut = epoch.cutAtSeconds;
  const ageless = isUnnamed(person.login) && epoch.lifted !== true;
  if (cut !== undefined && (ageless || oldestSeconds <= cut + limits.foreignSkewSeconds))
    return err({ code: "person_token_before_cut", cutAtSeconds: cut });
  return planRoot(input, person);
}

/**
 * The same agent and key ask again for an offer they have redeemed: they get the same session, unchanged. It is checked
 * against the present registry as an access token of that session is. Otherwise the offer could be used to evade a
 * registration that was narrowed since.
 */
const planAgain = (session: Session, input: PlanInput): Result<Plan, Denial> => {
  const again = planSessionAgain(session, input);
  return again.ok ? ok({ ...again.value, action: "redeem" }) : again;
};

/** The whole session once more, checked against the present registry. */
function planSessionAgain(session: Session, input: PlanInput): Result<Plan, Denial> {
  const { principal, actors, depth, grants } = session;
  const bare = grants.map((grant) => ({ ...grant, details: [] }));
  const held = narrowWithin(bare, { held: grants, by: "parent" }, input.registry);
  if (!held.ok) return held;
  const bounded = boundAll(grants, input, session);
  if (!bounded.ok) return bounded;
  const lifeSeconds = session.expiresAtSeconds - input.nowSeconds;
  return ok({ action: "access", grants, lifeSeconds, principal, actors, depth, existing: session });
}

/** Whether a token is bound to a key from which another one has taken the session over. */
const isOfFormerKey = (subject: ResolvedSubject, session: Session): boolean =>
  (subject.kind === "session" || subject.kind === "hop") &&
  subject.token.jkt !== undefined &&
  subject.token.jkt !== session.jkt;

/**
 * Another key of the same agent redeems the offer again: a queue delivered its message again, to another process. The
 * session goes over to that key as it is. There is never a second session, so neither bounds nor counters begin anew,
 * and never a second key: what the former one holds is refused from then on. The session was granted to one build and
 * proved to one assurance; other code or a weaker proof does not get it.
 */
function planTakeOver(
  { offer, takenFrom }: { readonly offer: Offer; readonly takenFrom: string },
  session: Session,
  input: PlanInput,
): Result<Plan, Denial> {
  const { identity, jkt } = input.caller;
  if (jkt === undefined) return err({ code: "proof_required", what: "an offer" });
  if (identity.build !== session.build) return err({ code: "takeover_refused", why: "other code runs now" });
  if (weaker(session.assurance, identity.assurance) !== session.assurance)
    return err({ code: "takeover_refused", why: "the key is proved more weakly than the session's was" });
  const again = planAgain({ ...session, jkt }, input);
  if (!again.ok) return again;
  return ok({ ...again.value, takesOver: { handleHash: offer.handleHash, wasJkt: takenFrom } });
}

/**
 * What a token lets its session's own agent ask for: with a session token all that the session holds, with an access
 * token only what that token carries. No exchange gives more than the token it was made with: a narrowed token that was
 * passed to one part of a program must not open the rest of the session there.
 */
function heldBy(token: Pick<OwnToken, "kind" | "aud" | "scopes" | "details">, session: Session): readonly Grant[] {
  if (token.kind === "session") return session.grants;
  return session.grants
    .filter((grant) => grant.resource === token.aud)
    .map((grant) => ({
      ...grant,
      scopes: grant.scopes.filter((scope) => token.scopes.includes(scope)),
      details: token.details,
    }));
}

/** Whether a token carries everything its session holds; only then may it be exchanged for a session token. */
function opensAll(token: Pick<OwnToken, "kind" | "aud" | "scopes" | "details">, session: Session): boolean {
  const text = (grants: readonly Grant[]) => JSON.stringify(grants.map((g) => [g.resource, g.scopes, g.details]));
  return text(heldBy(token, session)) === text(session.grants);
}
