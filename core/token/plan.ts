import type { Denial } from "../denial.ts";
import { limits } from "../limits.ts";
import { lendable, matchingRules } from "../narrow/lending.ts";
import { resolveWanted } from "../narrow/wanted.ts";
import { boundScopes, narrowWithin } from "../narrow/within.ts";
import type { PersonFacts } from "../person.ts";
import type { PolicyQuestion } from "../policy/decide.ts";
import type { AgentRegistration } from "../registry/model.ts";
import type { RegistrySnapshot } from "../registry/snapshot.ts";
import { ok, type Result } from "../result.ts";
import type { Grant, Principal, Session, Uses } from "../session/model.ts";
import type { Caller } from "./authenticate.ts";
import { accessLife, pickLife, sessionBound } from "./lifetime.ts";
import type { TokenRequest } from "./request.ts";

/** What a request may have, before policy: everything narrowed, nothing stored. */
export interface Plan {
  readonly action: PolicyQuestion["action"];
  readonly grants: readonly Grant[];
  readonly lifeSeconds: number;
  /** For a renewal: the session's new end. */
  readonly endsAtSeconds?: number;
  /** A bound on uses that begins here. */
  readonly maxUses?: number;
  /** The bounds above, which apply beside it. */
  readonly usesAbove?: Uses;
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
  const named = filledFrom(request, session.grants);
  const wanted = resolveWanted(named, registry);
  if (!wanted.ok) return wanted;
  const grants = narrowWithin(wanted.value, session.grants, "parent", registry);
  if (!grants.ok) return grants;
  const registered = boundScopes(grants.value, registration.may, "registration");
  if (!registered.ok) return registered;
  const first = grants.value[0];
  const usual = accessLife(first && registry.resource(first.resource));
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

/** Both bounds of what starts or goes one hop on: the agent's registration and what the principal lends. */
export function boundAll(
  grants: readonly Grant[],
  input: PlanInput,
  principal: Principal,
  lending: readonly string[],
): Result<void, Denial> {
  const registered = boundScopes(grants, input.registration.may, "registration");
  return registered.ok ? boundScopes(grants, lendable(principal, lending, input.registry), "lending") : registered;
}

/** Fills in what a request may leave out where something stands above it: resources first, then their scopes. */
export function filledFrom(request: TokenRequest, held: readonly Grant[]) {
  const resources = request.resources.length > 0 ? request.resources : held.map((grant) => grant.resource);
  const among = held.filter((grant) => resources.includes(grant.resource));
  const scopes = request.scopes.length > 0 ? request.scopes : among.flatMap((grant) => grant.scopes);
  return { resources, scopes, details: request.details };
}
