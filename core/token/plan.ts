import type { Caller } from "../caller/authenticate.ts";
import type { Denial } from "../denial/denial.ts";
import { grantsAsserted, withinAsserted } from "../jwt-bearer/id-jag.ts";
import type { AgentRegistration } from "../model/agent-registration.ts";
import type { BudgetBounds } from "../model/budget.ts";
import type { ApprovalRule, PolicyQuestion } from "../model/decision.ts";
import { limits } from "../model/limits.ts";
import type { Registration } from "../model/registry.ts";
import type { ResourceRegistration } from "../model/resource-registration.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Grant, Session, Uses, Via } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { type Delegator, delegatorOf, mayDelegate } from "../narrow/delegation.ts";
import { boundScopes, narrowWithin, resolveWanted } from "../narrow/grants.ts";
import { lastEndOfExchange, mappedScopes } from "../narrow/scope-mapping.ts";
import type { PersonFacts } from "../person/id-token.ts";
import type { TakeOver } from "../session/store.ts";
import type { TokenRequest } from "./request.ts";

/** What a request may get, before policy is asked. Everything is narrowed, and nothing is stored yet. */
export interface Plan extends Delegator {
  readonly action: PolicyQuestion["action"];
  readonly grants: readonly Grant[];
  readonly lifeSeconds: number;
  /** For a renewal: the session's new end. */
  readonly endsAtSeconds?: number;
  /** A new bound on uses. */
  readonly maxUses?: number;
  /** The bounds above, which apply in addition. */
  readonly usesAbove?: Uses;
  /** What a new session, or the child of an offer, and everything below it may spend. */
  readonly budget?: BudgetBounds;
  /** Every agent of the chain after this step. */
  readonly actors: readonly string[];
  readonly depth: number;
  /** The parent session; none for a root. */
  readonly parent?: Session;
  /** For a child: how it was made from its parent, and the latest end it may ever have. */
  readonly via?: Via;
  readonly lastEndSeconds?: number;
  /** Set when no new session is made: the issued token belongs to this one. */
  readonly existing?: Session;
  /** The key that the existing session is taken from, and the offer that it came from. */
  readonly takesOver?: Pick<TakeOver, "handleHash" | "wasJkt">;
  /** For an offer: the agent it names. */
  readonly to?: string;
  /** People must approve it, whatever policy permits outright. */
  readonly requireApproval?: ApprovalRule;
}

/** Input of every plan. */
export interface PlanInput {
  readonly request: TokenRequest;
  readonly caller: Caller;
  /** In force now: of a quarantined agent with the bounds of its profile. */
  readonly registration: AgentRegistration;
  /** The caller is quarantined: it hands nothing on. */
  readonly quarantined?: true;
  readonly registry: RegistrySnapshot;
  readonly nowSeconds: number;
  /** How long what is released of a session lives, where its resource does not say it. */
  readonly lifeSeconds?: number;
}

/** What a request names, as far as an identity assertion, where it came by one, allows it. */
function wantedBy(
  person: PersonFacts | undefined,
  request: TokenRequest,
  registry: RegistrySnapshot,
): Result<readonly Grant[], Denial> {
  if (!person?.asserted) return resolveWanted(request, registry);
  const within = withinAsserted(request, person.asserted, registry);
  return within.ok ? grantsAsserted(within.value, person.asserted, registry) : within;
}

/**
 * How long a root may live. Of a session without a key nothing but its first token can be got, so it ends with that,
 * unless a document opens it and shows it again until the document's end.
 */
function rootLife(
  { request, caller, registration, nowSeconds }: PlanInput,
  endsAtSeconds: number | undefined,
): Result<number, Denial> {
  const most = sessionBound(registration);
  if (endsAtSeconds !== undefined)
    return pickLife(request.lifetimeSeconds, endsAtSeconds - nowSeconds, most, endsAtSeconds - nowSeconds);
  const keyless = caller.jkt === undefined && request.subject === undefined;
  const usual = keyless ? limits.bearerTokenLifeSeconds : limits.sessionLifeSeconds;
  return pickLife(request.lifetimeSeconds, usual, keyless ? Math.min(most, usual) : most);
}

/**
 * A root session: for the agent's own account, or for a person. It is bounded by the registration and by what the
 * principal may delegate.
 * @param endsAtSeconds where a document decides it, when the session ends
 */
export function planRoot(
  input: PlanInput,
  person: PersonFacts | undefined,
  endsAtSeconds?: number,
): Result<Plan, Denial> {
  const { request, caller, registry } = input;
  if (person?.presented) return planPresented(input, person, person.presented);
  const wanted = wantedBy(person, request, registry);
  if (!wanted.ok) return wanted;
  const delegator = delegatorOf(person?.principal ?? { id: caller.agent, kind: "agent" }, person?.claims, registry);
  const bounded = boundAll(wanted.value, input, delegator);
  if (!bounded.ok) return bounded;
  const life = rootLife(input, endsAtSeconds);
  if (!life.ok) return life;
  return ok({
    action: "open",
    grants: wanted.value,
    lifeSeconds: life.value,
    ...delegator,
    actors: [caller.agent],
    depth: 0,
  });
}

/**
 * A root session by a person's token that another application showed to what the agent serves: as at a next hop, at
 * most what scope mappings give for that token, and no longer than it lives unless a mapping grants a life of its own
 * (threat 35); and, since it is a root, what the person may delegate.
 */
function planPresented(input: PlanInput, person: PersonFacts, presented: Grant): Result<Plan, Denial> {
  const { request, caller, registration, registry, nowSeconds } = input;
  const wanted = resolveWanted(request, registry);
  if (!wanted.ok) return wanted;
  const exchange = { agentId: caller.agent, presented };
  const mapped = mappedScopes({ ...exchange, wanted: wanted.value }, registry);
  if (!mapped.ok) return mapped;
  const grants = narrowWithin(wanted.value, { held: mapped.value, by: "entailment" }, registry);
  if (!grants.ok) return grants;
  const delegator = delegatorOf(person.principal, person.claims, registry);
  const bounded = boundAll(grants.value, input, delegator);
  if (!bounded.ok) return bounded;
  const token = { expiresAtSeconds: Math.floor(person.expiresAtSeconds), nowSeconds };
  const lastEndSeconds = lastEndOfExchange(token, { ...exchange, wanted: grants.value }, registry);
  const bounds = [sessionBound(registration), lastEndSeconds - nowSeconds];
  const life = pickLife(request.lifetimeSeconds, limits.sessionLifeSeconds, ...bounds);
  if (!life.ok) return life;
  return ok({
    ...{ action: "open", grants: grants.value, lifeSeconds: life.value, actors: [caller.agent], depth: 0 },
    ...delegator,
    ...{ via: { kind: "hop", presented }, lastEndSeconds },
  });
}

/**
 * An access token of the caller's own session; a request that names nothing gets all that the session holds, if that is
 * at a single resource.
 */
export function planAccess(input: PlanInput, session: Session): Result<Plan, Denial> {
  const { request, registry, nowSeconds } = input;
  const named = filledFrom(request, session.grants);
  const wanted = resolveWanted(named, registry);
  if (!wanted.ok) return wanted;
  const grants = narrowWithin(wanted.value, { held: session.grants, by: "parent" }, registry);
  if (!grants.ok) return grants;
  const bounded = boundAll(grants.value, input, session);
  if (!bounded.ok) return bounded;
  const first = grants.value[0];
  const usual = input.lifeSeconds ?? accessLife(first && registry.resource(first.resource));
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

/**
 * The two bounds of everything that is issued, by the present registry: the agent's registration and what the principal
 * may delegate.
 */
export function boundAll(grants: readonly Grant[], input: PlanInput, delegator: Delegator): Result<void, Denial> {
  const by = input.quarantined ? "quarantine" : "registration";
  const registered = boundScopes(grants, input.registration.may, by);
  return registered.ok ? boundByDelegator(grants, input, delegator) : registered;
}

/**
 * What the principal may delegate now, without the agent's registration. For an offer, the registration of the agent it
 * names is checked at redemption.
 */
export const boundByDelegator = (
  grants: readonly Grant[],
  { registry }: Pick<PlanInput, "registry">,
  delegator: Delegator,
): Result<void, Denial> => boundScopes(grants, mayDelegate(delegator, registry), "lending");

/**
 * Completes a request that leaves out resources or scopes by what is held above it: resources first, then their scopes.
 */
export function filledFrom(request: TokenRequest, held: readonly Grant[]) {
  const resources = request.resources.length > 0 ? request.resources : held.map((grant) => grant.resource);
  const among = held.filter((grant) => resources.includes(grant.resource));
  const scopes = request.scopes.length > 0 ? request.scopes : among.flatMap((grant) => grant.scopes);
  return { resources, scopes, details: request.details };
}

/**
 * Decides a life in seconds. A request for more than allowed is refused and not shortened; a request that names none
 * gets the default.
 * @param requestedSeconds what the request names
 * @param defaultSeconds what it gets otherwise
 * @param bounds upper bounds in seconds; the smallest applies
 */
export function pickLife(
  requestedSeconds: number | undefined,
  defaultSeconds: number,
  ...bounds: readonly number[]
): Result<number, Denial> {
  const allowedSeconds = Math.max(0, Math.min(...bounds));
  if (requestedSeconds !== undefined && requestedSeconds > allowedSeconds)
    return err({ code: "lifetime_exceeds", requestedSeconds, allowedSeconds });
  return ok(requestedSeconds ?? Math.min(defaultSeconds, allowedSeconds));
}

/**
 * How long access tokens of a resource live, in seconds; for bearer tokens never more than
 * `limits.bearerTokenLifeSeconds`.
 */
export function accessLife(resource: ResourceRegistration | undefined): number {
  const usual = resource?.accessTokenLifeSeconds ?? limits.accessTokenLifeSeconds;
  return resource?.senderConstraint === "none" ? Math.min(usual, limits.bearerTokenLifeSeconds) : usual;
}

/** The longest session a registration may hold, in seconds. */
export const sessionBound = (registration: AgentRegistration): number =>
  Math.min(registration.maxLifetimeSeconds ?? limits.sessionLifeSeconds, limits.sessionLifeMaxSeconds);

/** The longest session that any agent of a registry may hold, in seconds; never less than the usual one. */
export const longestLifeSeconds = (rows: readonly Registration[]): number =>
  rows.reduce<number>(
    (longest, row) => (row.kind === "agent" ? Math.max(longest, sessionBound(row)) : longest),
    limits.sessionLifeSeconds,
  );

/**
 * Bounds the depth of a child: the strictest registration of the whole chain decides, and none allows more than 64, so
 * that one liveness batch is always enough.
 * @param actors ids of every agent of the chain, the new one included
 */
export function checkDepth(depth: number, actors: readonly string[], registry: RegistrySnapshot): Result<void, Denial> {
  const limit = Math.min(limits.depthMax, ...actors.map((id) => registry.agent(id)?.maxDepth ?? limits.depth));
  return depth > limit ? err({ code: "depth_exceeded", depth, limit }) : ok(undefined);
}
