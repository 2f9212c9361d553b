import type { Trail } from "../audit/context.ts";
import type { Caller } from "../caller/authenticate.ts";
import type { Denial } from "../denial/denial.ts";
import type { PolicyEngine } from "../model/decision.ts";
import { limits } from "../model/limits.ts";
import type { RateLimiter } from "../model/ports.ts";
import { nowSeconds } from "../model/ports.ts";
import type { AgentRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot, RegistrySource } from "../model/snapshot.ts";
import { checkGranted } from "../narrow/granted.ts";
import { blockedAmong, mergeQueries, raisedSince, readLiveness, subjects } from "../session/liveness.ts";
import type { LivenessQuery, LivenessRows, SessionStore } from "../session/store.ts";
import { checkFits } from "./fits.ts";
import { judgePolicies } from "./judge-policies.ts";
import type { Plan } from "./plan.ts";
import { planFor } from "./plan-for.ts";
import { readAbove } from "./plan-renewal.ts";
import { inRegisteredNames } from "./registered-names.ts";
import type { TokenRequest } from "./request.ts";
import { judgeServers, serversAsked } from "./servers.ts";
import { findSource, type Source, type SourceDeps } from "./source.ts";
import { boundUses } from "./uses.ts";

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
  asked: TokenRequest,
  caller: Caller,
  deps: SettleDeps,
  trail: Trail,
): Promise<Result<Settled, Denial>> {
  let registry = await deps.registries.current();
  if (!registry) return err({ code: "registry_unavailable", why: "no registry was applied yet" });
  for (let attempt = 0; attempt < reloads; attempt++) {
    trail.add({ registryVersion: registry.version });
    const request = inRegisteredNames(asked, registry);
    const registration = registry.agent(caller.agent);
    const source = await findSource(request, caller, registry, deps, trail);
    const servers = serversAsked(request, source.ok ? source.value : undefined, registration, registry);
    const base = mergeQueries(source.ok ? source.value.query : nothing, queryForCaller(caller));
    const query = { ...base, subjects: [...base.subjects, ...servers] };
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
    const served = judgeServers(grants, rows, registry, servers);
    if (!served.ok) return served;
    const granted = checkGranted(grants, to === undefined ? standing.value : registry.agent(to), registry);
    if (!granted.ok) return granted;
    const fits = checkFits(plan.value, deps.issuer, registry);
    if (!fits.ok) return fits;
    const policies = judgePolicies(plan.value, input, deps.policy, trail);
    if (!policies.ok) return policies;
    return ok({ plan: plan.value, source: source.value, rows, registry, policies: policies.value });
  }
  return err({ code: "registry_unavailable", why: "the registry keeps changing" });
}

const nothing: LivenessQuery = { tombstones: [], subjects: [] };

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
