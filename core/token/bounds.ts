import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import type { AgentRegistration, Registration, ResourceRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";

/**
 * Picks a life. Asking for more than allowed is refused, never silently shortened; asking for nothing gets the default.
 * @param requestedSeconds what the caller asked for
 * @param defaultSeconds what it gets otherwise
 * @param bounds each an upper bound in seconds; the least one counts
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

/** How long access tokens of a resource live, in seconds; a bearer token never long, whatever its registration says. */
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
 * Bounds the depth of a child: the strictest agent of the whole chain decides, and nobody goes beyond 64, so that one
 * liveness batch always suffices.
 * @param actors ids of every agent of the chain, the new one included
 */
export function checkDepth(depth: number, actors: readonly string[], registry: RegistrySnapshot): Result<void, Denial> {
  const limit = Math.min(limits.depthMax, ...actors.map((id) => registry.agent(id)?.maxDepth ?? limits.depth));
  return depth > limit ? err({ code: "depth_exceeded", depth, limit }) : ok(undefined);
}
