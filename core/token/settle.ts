import type { Denial } from "../denial.ts";
import { limits } from "../limits.ts";
import { checkGranted } from "../narrow/granted.ts";
import { boundScopes, narrowWithin } from "../narrow/within.ts";
import type { PersonFacts } from "../person.ts";
import type { PolicyEngine } from "../policy/decide.ts";
import type { RateLimiter } from "../ports.ts";
import { nowSeconds } from "../ports.ts";
import type { AgentRegistration } from "../registry/model.ts";
import type { RegistrySnapshot, RegistrySource } from "../registry/snapshot.ts";
import { err, ok, type Result } from "../result.ts";
import {
  blockedAmong,
  judgeSession,
  mergeQueries,
  raisedSince,
  readLiveness,
  standingOf,
  subjects,
} from "../session/liveness.ts";
import type { Session } from "../session/model.ts";
import type { LivenessQuery, LivenessRows, SessionStore } from "../session/store.ts";
import type { Caller } from "./authenticate.ts";
import { heldBy, opensAll } from "./held-by.ts";
import { judgePolicies } from "./judge-policies.ts";
import type { OwnToken } from "./own-token.ts";
import { type Plan, type PlanInput, planAccess, planRoot } from "./plan.ts";
import { planHop, planOffer, planRedeem } from "./plan-child.ts";
import { type Above, planRenewal, readAbove } from "./plan-renewal.ts";
import type { TokenRequest } from "./request.ts";
import { findSource, type Source, type SourceDeps } from "./source.ts";
import type { Trail } from "./trail.ts";
import { boundUses, isBoundedBeyond } from "./uses.ts";

/** What deciding a request needs. */
export interface SettleDeps extends SourceDeps {
  readonly registries: RegistrySource;
  readonly store: SessionStore;
  readonly policy: PolicyEngine;
  readonly limiter: RateLimiter;
}

/** A decided request: what may be stored and signed. */
export interface Settled {
  readonly plan: Plan;
  readonly source: Source;
  readonly rows: LivenessRows;
  readonly registry: RegistrySnapshot;
  readonly policies: readonly string[];
}

/** Registry changes that may overtake one request before it gives up. */
const reloads = 3;

/**
 * Decides a request: find principal and parent ▸ read liveness ▸ narrow ▸ decide. The liveness batch tells the
 * registry's version; a cached registry of another version is not used, so the whole decision starts over with the
 * right one (threat 22).
 */
export async function settle(
  request: TokenRequest,
  caller: Caller,
  deps: SettleDeps,
  trail: Trail,
): Promise<Result<Settled, Denial>> {
  let registry = await deps.registries.current();
  if (!registry) return err({ code: "registry_unavailable", why: "no registry was applied yet" });
  for (let attempt = 0; attempt < reloads; attempt++) {
    trail.add({ registryVersion: registry.version });
    const registration = registry.agent(caller.agent);
    const source = await findSource(request, caller, registry, deps, trail);
    const query = mergeQueries(source.ok ? source.value.query : nothing, queryForCaller(caller));
    const perSecond = registration?.issuancesPerSecond ?? limits.issuancesPerSecond;
    const renews = request.requested === "session" && source.ok && source.value.kind === "session";
    const [rows, above, within] = await Promise.all([
      readLiveness(deps.store, query),
      renews ? readAbove(source.value.token, deps.store) : {},
      deps.limiter.take(caller.agent, perSecond),
    ]);
    if (!rows.complete) return err({ code: "liveness_unavailable", why: "a key stayed unread" });
    if (!rows.deployment) return err({ code: "registry_unavailable", why: "no registry was applied yet" });
    if (rows.deployment.registryVersion !== registry.version) {
      registry = await deps.registries.at(rows.deployment.registryVersion);
      continue;
    }
    const standing = judgeCaller(rows, caller, registration);
    if (!standing.ok) return standing;
    if (!source.ok) return source;
    if (!within) return err({ code: "rate_exceeded", agent: caller.agent, perSecond });
    const input = { request, caller, registration: standing.value, registry, nowSeconds: nowSeconds(deps.clock) };
    const planned = planFor(source.value, rows, input, above, trail);
    if (!planned.ok) return planned;
    const plan = boundUses(planned.value, source.value, request, registry);
    if (!plan.ok) return plan;
    const { grants, to } = plan.value;
    const granted = checkGranted(grants, to === undefined ? standing.value : registry.agent(to), registry);
    if (!granted.ok) return granted;
    const policies = judgePolicies(plan.value, input, deps.policy, trail);
    if (!policies.ok) return policies;
    return ok({ plan: plan.value, source: source.value, rows, registry, policies: policies.value });
  }
  return err({ code: "registry_unavailable", why: "the registry keeps changing" });
}

const nothing: LivenessQuery = { tombstones: [], subjects: [], burnt: [] };

const queryForCaller = (caller: Caller): LivenessQuery => ({
  ...nothing,
  subjects: [subjects.agent(caller.agent), ...Object.keys(caller.identity.generations)],
});

/** The caller itself: registered and active, not blocked, and its identity token not from before a cut. */
function judgeCaller(
  rows: LivenessRows,
  caller: Caller,
  registration: AgentRegistration | undefined,
): Result<AgentRegistration, Denial> {
  if (!registration) return err({ code: "agent_unknown", agent: caller.agent });
  if (registration.state !== "active")
    return err({ code: "agent_inactive", agent: caller.agent, state: registration.state });
  const { generations, build } = caller.identity;
  const names = [subjects.agent(caller.agent), ...(build === undefined ? [] : [subjects.build(build)])];
  const blocked = blockedAmong(rows, names);
  if (blocked !== undefined) return err({ code: "blocked", subject: blocked });
  const raised = raisedSince(rows, generations);
  return raised === undefined ? ok(registration) : err({ code: "assertion_dead", subject: raised });
}

function planFor(
  source: Source,
  rows: LivenessRows,
  input: PlanInput,
  above: Above,
  trail: Trail,
): Result<Plan, Denial> {
  const { request } = input;
  if (request.requested === "offer" && source.kind !== "session")
    return err({
      code: "parameter_invalid",
      name: "requested_token_type",
      why: "only a session of one's own is offered",
    });
  if (source.kind === "own") return planOwn(rows, input);
  if (source.kind === "person") return planPerson(source.person, rows, input);
  const alive = judgeSession(rows, parentSid(source), input.nowSeconds);
  if (!alive.ok) return err({ code: "parent_dead", cause: alive.error });
  const session = alive.value;
  // a bearer token names no key: its session does, and only that key may use it here (threat 9)
  if (source.kind === "session" && source.token.jkt === undefined && session.jkt !== input.caller.jkt)
    return err({ code: "dpop_key_mismatch", boundTo: "subject_token" });
  // suspended or retired since: its sessions do not wait for their end
  const idle = session.actors.find((id) => input.registry.agent(id)?.state !== "active");
  if (idle !== undefined)
    return err({ code: "parent_dead", cause: { kind: "blocked", subject: subjects.agent(idle) } });
  trail.add({ principal: session.principal.id });
  switch (source.kind) {
    case "session":
      if (request.requested === "session")
        return opensAll(source.token, session) && !isBoundedBeyond(source.token, session)
          ? planRenewal(input, session, above)
          : err({ code: "renewal_refused", why: "the token presented holds less than its session" });
      return planOfOwn(source.token, session, input);
    case "offer":
      return planRedeem(input, session, source.offer.grants);
    case "redeemed":
      return planAgain(session, input);
    case "hop":
      return planHop(input, session, source.token);
  }
}

/** Of one's own session, within the token that was presented for it. */
function planOfOwn(token: OwnToken, session: Session, input: PlanInput): Result<Plan, Denial> {
  const presented = { ...session, grants: heldBy(token, session) };
  const plan = input.request.requested === "offer" ? planOffer(input, presented) : planAccess(input, presented);
  return plan.ok ? ok({ ...plan.value, existing: session }) : plan;
}

const parentSid = (source: Exclude<Source, { kind: "own" | "person" }>): string => {
  if (source.kind === "offer") return source.offer.from.sid;
  return source.kind === "redeemed" ? source.sid : source.token.sid;
};

function planOwn(rows: LivenessRows, input: PlanInput): Result<Plan, Denial> {
  const principal = subjects.principal(input.caller.agent);
  if (standingOf(rows, principal).blocked) return err({ code: "blocked", subject: principal });
  return planRoot(input, undefined);
}

/** Revoked roots burn their person's token, and a cut principal needs a login younger than the cut (threat 1). */
function planPerson(person: PersonFacts, rows: LivenessRows, input: PlanInput): Result<Plan, Denial> {
  const subject = subjects.principal(person.principal.id);
  const standing = standingOf(rows, subject);
  if (standing.blocked) return err({ code: "blocked", subject });
  if (rows.burnt.has(person.burnMarker)) return err({ code: "person_token_burnt" });
  const oldestSeconds = Math.min(person.issuedAtSeconds, person.authTimeSeconds ?? person.issuedAtSeconds);
  const cut = standing.cutAtSeconds;
  if (cut !== undefined && oldestSeconds <= cut + limits.foreignSkewSeconds)
    return err({ code: "person_token_before_cut", cutAtSeconds: cut });
  return planRoot(input, person);
}

/**
 * The same agent and key asking for a redeemed offer again: the same session, as it is. Held against today's registry as
 * an access token of that session is, or the offer would be a way round a registration that was narrowed meanwhile.
 */
function planAgain(session: Session, input: PlanInput): Result<Plan, Denial> {
  const { principal, actors, depth, grants } = session;
  const bare = grants.map((grant) => ({ ...grant, details: [] }));
  const held = narrowWithin(bare, grants, "parent", input.registry);
  if (!held.ok) return held;
  const registered = boundScopes(grants, input.registration.may, "registration");
  if (!registered.ok) return registered;
  const lifeSeconds = session.expiresAtSeconds - input.nowSeconds;
  return ok({ action: "redeem", grants, lifeSeconds, principal, actors, depth, existing: session });
}
