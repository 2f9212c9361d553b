import type { Denial } from "../denial.ts";
import { limits } from "../limits.ts";
import { entailedBy } from "../narrow/entail.ts";
import { lendable, matchingRules } from "../narrow/lending.ts";
import { resolveWanted } from "../narrow/wanted.ts";
import { boundScopes, narrowWithin } from "../narrow/within.ts";
import type { PersonFacts } from "../person.ts";
import type { PolicyQuestion } from "../policy/decide.ts";
import type { AgentRegistration } from "../registry/model.ts";
import type { RegistrySnapshot } from "../registry/snapshot.ts";
import { err, ok, type Result } from "../result.ts";
import type { Grant, Principal, Session } from "../session/model.ts";
import type { Caller } from "./authenticate.ts";
import { checkDepth, pickLife, sessionBound } from "./lifetime.ts";
import type { OwnToken } from "./own-token.ts";
import type { TokenRequest } from "./request.ts";

/** What a request may have, before policy: everything narrowed, nothing stored. */
export interface Plan {
  readonly action: PolicyQuestion["action"];
  readonly grants: readonly Grant[];
  readonly lifeSeconds: number;
  readonly principal: Principal;
  /** Every agent of the chain after this step. */
  readonly actors: readonly string[];
  readonly depth: number;
  /** The session this hangs below; none for a root. */
  readonly parent?: Session;
  /** Set when no session is made: what is issued belongs to this one. */
  readonly existing?: Session;
  /** For an offer: whom it is held out to. */
  readonly to?: string;
  readonly lending?: readonly string[];
}

/** What every plan is made from. */
export interface PlanInput {
  readonly request: TokenRequest;
  readonly caller: Caller;
  readonly registration: AgentRegistration;
  readonly registry: RegistrySnapshot;
  readonly nowSeconds: number;
}

/** A root: the agent on its own, or for a person, bounded by registration and by what the principal may lend. */
export function planRoot(input: PlanInput, person: PersonFacts | undefined): Result<Plan, Denial> {
  const { request, caller, registration, registry } = input;
  const wanted = resolveWanted(request, registry);
  if (!wanted.ok) return wanted;
  const principal: Principal = person?.principal ?? { id: caller.agent, kind: "agent" };
  const lending = person
    ? matchingRules(String(person.claims.iss), person.claims, registry).map((rule) => rule.name)
    : [];
  const bounded = boundAll(wanted.value, input, principal, lending);
  if (!bounded.ok) return bounded;
  const life = pickLife(request.lifetimeSeconds, limits.sessionLifeSeconds, sessionBound(registration));
  if (!life.ok) return life;
  return ok({
    action: "open",
    grants: wanted.value,
    lifeSeconds: life.value,
    principal,
    actors: [caller.agent],
    depth: 0,
    ...(person ? { lending } : {}),
  });
}

/** An access token of the caller's own session; nothing named means all the session holds at its one resource. */
export function planAccess(input: PlanInput, session: Session): Result<Plan, Denial> {
  const { request, registration, registry, nowSeconds } = input;
  if (request.requested === "session")
    return err({
      code: "parameter_invalid",
      name: "requested_token_type",
      why: "a session token comes with its session",
    });
  const named = filledFrom(request, session.grants);
  const wanted = resolveWanted(named, registry);
  if (!wanted.ok) return wanted;
  const grants = narrowWithin(wanted.value, session.grants, "parent", registry);
  if (!grants.ok) return grants;
  const registered = boundScopes(grants.value, registration.may, "registration");
  if (!registered.ok) return registered;
  const first = grants.value[0];
  const usual = (first && registry.resource(first.resource)?.accessTokenLifeSeconds) ?? limits.accessTokenLifeSeconds;
  const life = pickLife(request.lifetimeSeconds, usual, session.expiresAtSeconds - nowSeconds, usual);
  if (!life.ok) return life;
  const { principal, actors, depth } = session;
  return ok({
    action: "access",
    grants: grants.value,
    lifeSeconds: life.value,
    principal,
    actors,
    depth,
    existing: session,
  });
}

/** An offer of part of the caller's session to one registered agent; what is offered must be named. */
export function planOffer(input: PlanInput, session: Session): Result<Plan, Denial> {
  const { request, registry, nowSeconds } = input;
  const to = request.audience ?? "";
  if (registry.agent(to)?.state !== "active")
    return err({ code: "offer_target_unknown", audience: to.slice(0, limits.agentIdCharacters) });
  const wanted = resolveWanted(request, registry);
  if (!wanted.ok) return wanted;
  const grants = narrowWithin(wanted.value, session.grants, "parent", registry);
  if (!grants.ok) return grants;
  const deep = checkDepth(session.depth + 1, [...session.actors, to], registry);
  if (!deep.ok) return deep;
  const remaining = session.expiresAtSeconds - nowSeconds;
  const life = pickLife(request.lifetimeSeconds, limits.offerLifeSeconds, limits.offerLifeMaxSeconds, remaining);
  if (!life.ok) return life;
  const { principal, actors, depth } = session;
  return ok({
    action: "offer",
    grants: grants.value,
    lifeSeconds: life.value,
    principal,
    actors,
    depth,
    existing: session,
    to,
  });
}

/** A child from an offer: all of it, or narrower. */
export function planRedeem(input: PlanInput, parent: Session, offered: readonly Grant[]): Result<Plan, Denial> {
  const { request, registry } = input;
  const wanted = resolveWanted(filledFrom(request, offered), registry);
  if (!wanted.ok) return wanted;
  const grants = narrowWithin(wanted.value, offered, "offer", registry);
  if (!grants.ok) return grants;
  const registered = boundScopes(grants.value, input.registration.may, "registration");
  return registered.ok ? child(input, parent, grants.value, "redeem") : registered;
}

/** A child at the next hop: at most what the presented token entails here, the principal lends and the agent may. */
export function planHop(input: PlanInput, parent: Session, token: OwnToken): Result<Plan, Denial> {
  const { request, caller, registry } = input;
  const wanted = resolveWanted(request, registry);
  if (!wanted.ok) return wanted;
  const presented = { resource: token.aud, scopes: token.scopes, details: token.details };
  const entailed = entailedBy(caller.agent, presented, wanted.value, registry);
  if (!entailed.ok) return entailed;
  const grants = narrowWithin(wanted.value, entailed.value, "entailment", registry);
  if (!grants.ok) return grants;
  const bounded = boundAll(grants.value, input, parent.principal, parent.lending ?? []);
  return bounded.ok ? child(input, parent, grants.value, "hop") : bounded;
}

function child(
  input: PlanInput,
  parent: Session,
  grants: readonly Grant[],
  action: "redeem" | "hop",
): Result<Plan, Denial> {
  const { request, caller, registration, registry, nowSeconds } = input;
  const actors = [...parent.actors, caller.agent];
  const depth = parent.depth + 1;
  const deep = checkDepth(depth, actors, registry);
  if (!deep.ok) return deep;
  const remaining = parent.expiresAtSeconds - nowSeconds;
  const life = pickLife(request.lifetimeSeconds, limits.sessionLifeSeconds, sessionBound(registration), remaining);
  if (!life.ok) return life;
  const { principal, lending } = parent;
  const rest = lending ? { lending } : {};
  return ok({ action, grants, lifeSeconds: life.value, principal, actors, depth, parent, ...rest });
}

function boundAll(
  grants: readonly Grant[],
  input: PlanInput,
  principal: Principal,
  lending: readonly string[],
): Result<void, Denial> {
  const registered = boundScopes(grants, input.registration.may, "registration");
  return registered.ok ? boundScopes(grants, lendable(principal, lending, input.registry), "lending") : registered;
}

/** Fills in what a request may leave out where something stands above it: resources first, then their scopes. */
function filledFrom(request: TokenRequest, held: readonly Grant[]) {
  const resources = request.resources.length > 0 ? request.resources : held.map((grant) => grant.resource);
  const among = held.filter((grant) => resources.includes(grant.resource));
  const scopes = request.scopes.length > 0 ? request.scopes : among.flatMap((grant) => grant.scopes);
  return { resources, scopes, details: request.details };
}
