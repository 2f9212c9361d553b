import type { Denial } from "../denial.ts";
import { limits } from "../limits.ts";
import type { RegistrySnapshot } from "../registry/snapshot.ts";
import { err, ok, type Result } from "../result.ts";
import type { Grant, Uses } from "../session/model.ts";
import type { UseCounter } from "../session/store.ts";
import type { Plan } from "./plan.ts";
import type { TokenRequest } from "./request.ts";
import type { Source } from "./source.ts";

/** Kept this long after the longest life there is; a renewal need not touch a counter, so none can refill it. */
const counterSeconds = limits.sessionLifeMaxSeconds + 86_400;

/**
 * Bounds a plan's uses: never more than the session, offer or parent it comes from has, and, where any bound applies,
 * only at resources that are registered as introspecting now. A resource that could verify offline would be a way
 * around every counter above (threat 24).
 * @returns the plan with the bound it adds of its own; or `uses_exceed`, `uses_not_counted`
 */
export function boundUses(
  plan: Plan,
  source: Source,
  request: Pick<TokenRequest, "maxUses">,
  registry: RegistrySnapshot,
): Result<Plan, Denial> {
  const offered = source.kind === "offer" ? source.offer.maxUses : undefined;
  const above = offered ?? (plan.existing ?? plan.parent)?.uses?.max;
  const asked = request.maxUses ?? offered;
  if (asked !== undefined && above !== undefined && asked > above)
    return err({ code: "uses_exceed", requested: asked, allowed: above });
  if (asked === undefined && above === undefined) return ok(plan);
  const uncounted = plan.grants.find((grant) => !isIntrospecting(grant, registry));
  if (uncounted) return err({ code: "uses_not_counted", resource: uncounted.resource });
  return ok(asked === undefined ? plan : { ...plan, maxUses: asked });
}

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
