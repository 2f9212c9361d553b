import type { AuditContext } from "../audit/context.ts";
import { levelsOf } from "../budgets/levels.ts";
import type { SettleDeps } from "../budgets/settle.ts";
import type { Spending, SpendPorts } from "../budgets/spend.ts";
import type { BudgetStore } from "../budgets/store.ts";
import { readAccessToken } from "../caller/access-handle.ts";
import {
  type AuthenticateDeps,
  activeRegistration,
  type Caller,
  callerSubjects,
  checkCaller,
} from "../caller/authenticate.ts";
import type { OwnToken } from "../caller/own-token.ts";
import { ownerOfStolen, withOwner } from "../caller/stolen.ts";
import type { Denial } from "../denial/denial.ts";
import type { Money } from "../model/budget.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Session } from "../model/session.ts";
import type { RegistrySnapshot, RegistrySource } from "../model/snapshot.ts";
import { subjects } from "../model/subjects.ts";
import { ownerGone, withOwners } from "../person/owner.ts";
import { evaluateSession, mergeQueries, queryFor, readLiveness } from "../session/liveness.ts";
import { isServing, notServing } from "../session/quarantine.ts";
import type { LivenessQuery, LivenessRows, SessionStore } from "../session/store.ts";

/** What introspection needs. */
export interface IntrospectDeps extends AuthenticateDeps, SettleDeps, SpendPorts {
  readonly budgets: BudgetStore;
  readonly registries: RegistrySource;
  readonly store: Pick<SessionStore, "readLiveness" | "readHandle" | "use">;
}

/** One request for introspection. */
export interface Introspection {
  readonly token: string;
  /** Thumbprint of the key that proved the request which carried the token (`dpop_jkt`). */
  readonly provedBy: string | undefined;
  /** The most that the request can cost. */
  readonly cost: Money | undefined;
  readonly caller: Caller;
  readonly audit: AuditContext;
  readonly deps: IntrospectDeps;
}

/** A token that lives, and what its request takes from budgets. */
export interface Seen {
  readonly token: OwnToken;
  readonly spending?: Omit<Spending, "cost">;
}

/**
 * Looks at the token: verifies it or reads its row, reads liveness in one batch, and evaluates the server that asks, then
 * the session.
 * @returns it, or why it is worth nothing; what a stolen token's owner is, is part of that
 */
export async function look(asked: Introspection): Promise<Result<Seen, Denial>> {
  const seen = await evaluate(asked);
  if (seen.ok || seen.error.code !== "subject_token_invalid") return seen;
  return err(withOwner(seen.error, await ownerOfStolen(asked.token, asked.provedBy, asked.deps)));
}

async function evaluate({ token, caller, deps, audit }: Introspection): Promise<Result<Seen, Denial>> {
  const verified = await readAccessToken(token, deps);
  if (verified.ok) noteToken(verified.value, audit);
  const names = { ...nothing, subjects: callerSubjects(caller) };
  const query = mergeQueries(verified.ok ? queryFor(verified.value) : nothing, names);
  const [rows, registry] = await readOwned(query, deps);
  if (!registry.ok) return registry;
  const server = evaluateServer(caller, rows, registry.value);
  if (!server.ok) return server;
  if (!verified.ok) return verified;
  const servedBy = registry.value.resource(verified.value.aud)?.servedBy;
  if (servedBy === undefined || registry.value.agentId(servedBy) !== caller.agent)
    return err({ code: "subject_token_not_yours", why: "the token is for a resource another agent serves" });
  const now = nowSeconds(deps.clock);
  const chain = verified.value.actors.map(subjects.agent);
  const owner = ownerGone(rows, chain, { registry: registry.value, nowSeconds: now });
  if (owner) return err({ code: "parent_dead", cause: owner });
  const alive = evaluateSession(rows, verified.value.sid, now);
  if (!alive.ok) return err({ code: "parent_dead", cause: alive.error });
  const idle = alive.value.actors.find((id) => registry.value.agent(id)?.state !== "active");
  if (idle !== undefined)
    return err({ code: "parent_dead", cause: { kind: "blocked", subject: subjects.agent(idle) } });
  // the key it is bound to has the session no more; a bearer token names none, and ends by itself within minutes
  if (verified.value.jkt !== undefined && verified.value.jkt !== alive.value.jkt)
    return err({ code: "parent_dead", cause: { kind: "taken_over", sid: alive.value.sid } });
  return ok({
    token: verified.value,
    ...spendingOf(verified.value, alive.value, { server: caller.agent, registry: registry.value }),
  });
}

/**
 * What a request takes from budgets. A token that is verified offline is counted at the decision point: its server asks
 * here when it likes, and not about each request.
 */
function spendingOf(
  { aud: resource, policies = [] }: OwnToken,
  session: Session,
  { server, registry }: { readonly server: string; readonly registry: RegistrySnapshot },
): Pick<Seen, "spending"> {
  if (registry.resource(resource)?.introspecting !== true) return {};
  const levels = levelsOf({ session, resource, policies }, registry);
  const { root, sid } = session;
  return levels.length === 0 ? {} : { spending: { levels, call: { resource, server, root, sid } } };
}

/**
 * Liveness with the rows of owners by the registry that is held. Where the batch names another version, it is read again
 * by that one, which may name other owners.
 */
async function readOwned(query: LivenessQuery, deps: IntrospectDeps) {
  const held = await deps.registries.current();
  const rows = await readLiveness(deps.store, held ? withOwners(query, held) : query);
  const registry = await registryOf(rows, deps);
  if (!registry.ok || registry.value.version === held?.version) return [rows, registry] as const;
  return [await readLiveness(deps.store, withOwners(query, registry.value)), registry] as const;
}

/** A query for nothing yet. */
export const nothing = { tombstones: [], subjects: [] } as const;

/** The registry of the version that liveness names. */
export async function registryOf(rows: LivenessRows, deps: IntrospectDeps): Promise<Result<RegistrySnapshot, Denial>> {
  if (!rows.complete) return err({ code: "liveness_unavailable", why: "a key stayed unread" });
  if (!rows.deployment) return err({ code: "registry_unavailable", why: "no registry was applied yet" });
  const current = await deps.registries.current();
  const version = rows.deployment.registryVersion;
  return ok(current?.version === version ? current : await deps.registries.at(version));
}

/** RFC 7662 2.1 and 4: only authorized callers are answered, here agents that serve some resource. */
export function evaluateServer(caller: Caller, rows: LivenessRows, registry: RegistrySnapshot): Result<void, Denial> {
  const active = activeRegistration(caller, registry);
  if (!active.ok) return active;
  const alive = checkCaller(rows, caller);
  if (!alive.ok) return alive;
  if (!isServing(active.value, caller.agent, rows)) return err(notServing(caller.agent));
  const serves = registry.resources.some((resource) => registry.agentId(resource.servedBy) === caller.agent);
  return serves ? ok(undefined) : err({ code: "not_a_resource_server", agent: caller.agent });
}

function noteToken(token: OwnToken, audit: AuditContext): void {
  const { root, sid, anc, principalId, actors, jti } = token;
  audit.add({
    principal: principalId,
    actors,
    jti,
    session: { root, sid, anc, depth: sid === root ? 0 : anc.length + 1 },
  });
}
