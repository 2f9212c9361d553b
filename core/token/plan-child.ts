import type { OwnToken } from "../caller/own-token.ts";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Grant, Session, Via } from "../model/session.ts";
import { narrowWithin, resolveWanted } from "../narrow/grants.ts";
import { lastEndOfExchange, mappedScopes } from "../narrow/scope-mapping.ts";
import {
  boundAll,
  boundByDelegator,
  checkDepth,
  filledFrom,
  type Plan,
  type PlanInput,
  pickLife,
  sessionBound,
} from "./plan.ts";

/** An offer of part of the caller's session to one registered agent. The request must name what it offers. */
export function planOffer(input: PlanInput, session: Session): Result<Plan, Denial> {
  const { request, registry, nowSeconds } = input;
  const to = request.audience ?? "";
  if (registry.agent(to)?.state !== "active")
    return err({ code: "offer_target_unknown", audience: to.slice(0, limits.agentIdCharacters) });
  const wanted = resolveWanted(request, registry);
  if (!wanted.ok) return wanted;
  const grants = narrowWithin(wanted.value, { held: session.grants, by: "parent" }, registry);
  if (!grants.ok) return grants;
  const delegated = boundByDelegator(grants.value, input, session);
  if (!delegated.ok) return delegated;
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

/** A child made from an offer, with all of its grants or narrower ones. */
export function planRedeem(input: PlanInput, parent: Session, offered: readonly Grant[]): Result<Plan, Denial> {
  const { request, registry } = input;
  const wanted = resolveWanted(filledFrom(request, offered), registry);
  if (!wanted.ok) return wanted;
  const grants = narrowWithin(wanted.value, { held: offered, by: "offer" }, registry);
  if (!grants.ok) return grants;
  const bounded = boundAll(grants.value, input, parent);
  return bounded.ok ? child(input, parent, { grants: grants.value, via: { kind: "offer" } }) : bounded;
}

/**
 * A child by a downstream exchange: at most what the presented token is mapped to, what the principal may delegate and
 * what the agent may hold; and no longer than that token lives, unless the scope mapping grants a life of its own
 * (threat 35).
 */
export function planDownstreamExchange(
  input: PlanInput,
  parent: Session,
  presentedToken: OwnToken,
): Result<Plan, Denial> {
  const { request, caller, registry } = input;
  const wanted = resolveWanted(request, registry);
  if (!wanted.ok) return wanted;
  const { aud, scopes, details } = presentedToken;
  const presented = { resource: aud, scopes, details };
  const exchange = { agentId: caller.agent, presented };
  const mapped = mappedScopes({ ...exchange, wanted: wanted.value }, registry);
  if (!mapped.ok) return mapped;
  const grants = narrowWithin(wanted.value, { held: mapped.value, by: "entailment" }, registry);
  if (!grants.ok) return grants;
  const bounded = boundAll(grants.value, input, parent);
  if (!bounded.ok) return bounded;
  const token = { expiresAtSeconds: presentedToken.expiresAtSeconds, nowSeconds: input.nowSeconds };
  const lastEndSeconds = lastEndOfExchange(token, { ...exchange, wanted: grants.value }, registry);
  return child(input, parent, { grants: grants.value, via: { kind: "hop", presented }, lastEndSeconds });
}

function child(
  input: PlanInput,
  parent: Session,
  made: { readonly grants: readonly Grant[]; readonly via: Via; readonly lastEndSeconds?: number },
): Result<Plan, Denial> {
  const { request, caller, registration, registry, nowSeconds } = input;
  const actors = [...parent.actors, caller.agent];
  const depth = parent.depth + 1;
  const deep = checkDepth(depth, actors, registry);
  if (!deep.ok) return deep;
  const noEnd = Number.POSITIVE_INFINITY;
  const lastEnd = Math.min(parent.lastEndSeconds ?? noEnd, made.lastEndSeconds ?? noEnd);
  const remaining = Math.min(parent.expiresAtSeconds, lastEnd) - nowSeconds;
  const life = pickLife(request.lifetimeSeconds, limits.sessionLifeSeconds, sessionBound(registration), remaining);
  if (!life.ok) return life;
  const { principal, delegationRules, meanings } = parent;
  // the meanings were fixed when the root was opened, and are not refreshed for sessions below it (threat 33)
  const delegator = { principal, ...(delegationRules ? { delegationRules } : {}), ...(meanings ? { meanings } : {}) };
  const { grants, via } = made;
  const action = via.kind === "hop" ? "hop" : "redeem";
  const bound = lastEnd === noEnd ? {} : { lastEndSeconds: lastEnd };
  return ok({ action, grants, lifeSeconds: life.value, ...delegator, actors, depth, parent, via, ...bound });
}
