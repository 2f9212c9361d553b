import type { OwnToken } from "../caller/own-token.ts";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import type { AgentRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Grant, Session, Uses } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { subjects } from "../model/subjects.ts";
import { epochOf } from "../session/liveness.ts";
import type { LivenessRows, UseCounter } from "../session/store.ts";
import type { Plan } from "./plan.ts";
import type { TokenRequest } from "./request.ts";
import type { ResolvedSubject } from "./resolve-subject-token.ts";

/** The agents that serve these resources, each once, as liveness subjects. */
export function serversOf(
  resources: readonly string[],
  registry: Pick<RegistrySnapshot, "resource" | "agentId">,
): readonly string[] {
  const served = resources.flatMap((uri) => registry.resource(uri)?.servedBy ?? []);
  return [...new Set(served)].map((name) => subjects.agent(registry.agentId(name)));
}

/**
 * Servers of whatever a request may turn out to be about, before its session's row is read, so that their epoch rides
 * in the first liveness batch: those named, else those its agent is registered for, and those an offer holds out.
 */
export function serversAsked(
  request: TokenRequest,
  subject: ResolvedSubject | undefined,
  registration: AgentRegistration | undefined,
  registry: RegistrySnapshot,
): readonly string[] {
  if (request.resources.length > 0) return serversOf(request.resources, registry);
  const offered = subject?.kind === "offer" || subject?.kind === "redeemed" ? subject.offer.grants : [];
  return serversOf(
    [...(registration?.may ?? []), ...offered].map(({ resource }) => resource),
    registry,
  );
}

/**
 * A resource is dead with its server (threat 42): a token for one that an operator blocked, or that is suspended, would
 * carry people's data and rights to whoever holds it now.
 * @param asked subjects of the batch that `rows` came of: what was not read is never taken as alive
 */
export function evaluateServers(
  grants: readonly Grant[],
  rows: LivenessRows,
  registry: RegistrySnapshot,
  asked: readonly string[],
): Result<void, Denial> {
  for (const { resource } of grants) {
    for (const subject of serversOf([resource], registry)) {
      if (!asked.includes(subject)) throw new Error(`the epoch of ${subject} was never read`);
      const agent = subject.slice(subjects.agent("").length);
      const { state } = registry.agent(agent) ?? { state: "retired" };
      const blocked = epochOf(rows, subject).blocked;
      if (blocked || state !== "active")
        return err({ code: "server_dead", resource, agent, state: blocked ? "blocked" : state });
    }
  }
  return ok(undefined);
}

/** Kept this long after the longest life there is; a renewal need not touch a counter, so none can refill it. */
const counterSeconds = limits.sessionLifeMaxSeconds + 86_400;

/**
 * Bounds a plan's uses: never more than the token, offer or parent it comes from has, and, where any bound applies,
 * only at resources that are registered as introspecting now. A resource that could verify offline would be a way
 * around every counter above (threat 24).
 * @returns the plan with the bounds above it and the one it adds of its own; or `uses_exceed`, `uses_not_counted`,
 * `parameter_invalid` when a chain was bounded more often than one transaction can count
 */
export function boundUses(
  plan: Plan,
  subject: ResolvedSubject,
  request: Pick<TokenRequest, "maxUses">,
  registry: RegistrySnapshot,
): Result<Plan, Denial> {
  const above = usesAbove(subject, plan.existing ?? plan.parent);
  const offered = subject.kind === "offer" ? subject.offer.maxUses : undefined;
  const most = offered ?? above?.max;
  const asked = request.maxUses ?? offered;
  if (asked !== undefined && most !== undefined && asked > most)
    return err({ code: "uses_exceed", requested: asked, allowed: most });
  if (asked === undefined && above === undefined) return ok(plan);
  const uncounted = plan.grants.find((grant) => !isIntrospecting(grant, registry));
  if (uncounted) return err({ code: "uses_not_counted", resource: uncounted.resource });
  if (asked !== undefined && (above?.countedAt.length ?? 0) >= limits.useCounters)
    return err({ code: "parameter_invalid", name: "max_uses", why: "bounded too often along this chain" });
  return ok({
    ...plan,
    ...(above ? { usesAbove: above } : {}),
    ...(asked === undefined ? {} : { maxUses: asked }),
  });
}

/** What is exchanged hands its own bounds on: a token of one use opens nothing that can be used twice. */
function usesAbove(subject: ResolvedSubject, session: Session | undefined): Uses | undefined {
  if (subject.kind === "offer") return subject.offer.usesAbove ?? session?.uses;
  const token = subject.kind === "hop" || subject.kind === "session" ? subject.token : undefined;
  return token?.uses ?? session?.uses;
}

/** Whether a token is bounded more narrowly than its session: then it may not be exchanged for the whole of it. */
export const isBoundedBeyond = (token: Pick<OwnToken, "uses">, session: Session): boolean =>
  (token.uses?.countedAt.length ?? 0) > (session.uses?.countedAt.length ?? 0);

/** Whether access tokens for this grant are handles. */
export const isIntrospecting = (grant: Pick<Grant, "resource">, registry: RegistrySnapshot): boolean =>
  registry.resource(grant.resource)?.introspecting === true;

/**
 * The uses of something below `above`: one use takes from its own counter, where it has one, and from all above it, so
 * that a tree has together what its root was given, however often it is handed on.
 * @param name the counter's name: a session's id, or a handle's hash
 */
export const usesBelow = (above: Uses | undefined, own: number | undefined, name: string): Uses | undefined =>
  own === undefined ? above : { max: own, countedAt: [...(above?.countedAt ?? []), name] };

/** A counter that begins now. */
export const newCounter = (name: string, left: number, nowSeconds: number): UseCounter => ({
  name,
  left,
  expiresAtSeconds: nowSeconds + counterSeconds,
});
