import type { Denial } from "../denial.ts";
import { limits } from "../limits.ts";
import { entailedBy } from "../narrow/entail.ts";
import { resolveWanted } from "../narrow/wanted.ts";
import { narrowWithin } from "../narrow/within.ts";
import { err, ok, type Result } from "../result.ts";
import type { Grant, Session } from "../session/model.ts";
import { checkDepth, pickLife, sessionBound } from "./lifetime.ts";
import type { OwnToken } from "./own-token.ts";
import { boundAll, boundByLender, filledFrom, type Plan, type PlanInput } from "./plan.ts";

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
  const lent = boundByLender(grants.value, input, session);
  if (!lent.ok) return lent;
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
  const bounded = boundAll(grants.value, input, parent);
  return bounded.ok ? child(input, parent, grants.value, "redeem") : bounded;
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
  const bounded = boundAll(grants.value, input, parent);
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
  const { principal, lending, meanings } = parent;
  // whom the names meant is told by the root for all below it: nothing here refreshes it
  const lender = { principal, ...(lending ? { lending } : {}), ...(meanings ? { meanings } : {}) };
  return ok({ action, grants, lifeSeconds: life.value, ...lender, actors, depth, parent });
}
