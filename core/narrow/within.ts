import type { Denial } from "../denial/denial.ts";
import type { ScopeBound } from "../denial/table/grant.ts";
import { checkDetail, narrowDetail } from "../details/compare.ts";
import type { ScopeSet } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AuthorizationDetail, Grant } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";

/**
 * Narrows wanted grants below those that stand: every scope must be held, every constraint is inherited or replaced by
 * a narrower one. Scopes are all or nothing: the refusal names what was refused.
 * @param wanted grants resolved from the request
 * @param held what stands above: a session, an offer, or what a presented token entails
 * @param by which bound is named in the refusal
 * @returns the child's grants, never wider than `held`; or `scope_exceeds`, `details_exceed`
 */
export function narrowWithin(
  wanted: readonly Grant[],
  held: readonly Grant[],
  by: ScopeBound,
  registry: RegistrySnapshot,
): Result<readonly Grant[], Denial> {
  const refused = exceeding(wanted, held);
  if (refused.length > 0) return err({ code: "scope_exceeds", by, scopes: refused });
  const grants: Grant[] = [];
  for (const grant of wanted) {
    const above = held.find((h) => h.resource === grant.resource);
    const details = narrowDetails(grant.details, above?.details ?? [], registry);
    if (!details.ok) return details;
    grants.push({ ...grant, details: details.value });
  }
  return ok(grants);
}

/**
 * Whether grants are within what stands above them as they are, with nothing left to inherit.
 * @returns what {@link narrowWithin} refuses, and `details_exceed` for a constraint above that they do not hold
 */
export function stillWithin(
  grants: readonly Grant[],
  held: readonly Grant[],
  by: ScopeBound,
  registry: RegistrySnapshot,
): Result<void, Denial> {
  const narrowed = narrowWithin(grants, held, by, registry);
  if (!narrowed.ok) return narrowed;
  for (const [at, grant] of grants.entries()) {
    const own = new Set(grant.details.map((detail) => JSON.stringify(detail)));
    const lacks = narrowed.value[at]?.details.find((detail) => !own.has(JSON.stringify(detail)));
    if (lacks) return err({ code: "details_exceed", type: lacks.type, field: "type" });
  }
  return ok(undefined);
}

/** Refuses scopes beyond a plain set (what an agent is registered for, what a principal may lend). */
export function boundScopes(
  grants: readonly Grant[],
  allowed: readonly ScopeSet[],
  by: ScopeBound,
): Result<void, Denial> {
  const refused = exceeding(grants, allowed);
  return refused.length > 0 ? err({ code: "scope_exceeds", by, scopes: refused }) : ok(undefined);
}

const exceeding = (wanted: readonly ScopeSet[], allowed: readonly ScopeSet[]): string[] =>
  wanted.flatMap((w) => {
    const scopes = new Set(allowed.filter((a) => a.resource === w.resource).flatMap((a) => a.scopes));
    return w.scopes.filter((scope) => !scopes.has(scope));
  });

const narrowDetails = (
  wanted: readonly AuthorizationDetail[],
  above: readonly AuthorizationDetail[],
  registry: RegistrySnapshot,
): Result<readonly AuthorizationDetail[], Denial> => {
  const result: AuthorizationDetail[] = [];
  for (const parent of above) {
    // a type that was withdrawn or changed: its constraint can no longer be compared or enforced by anybody
    const stands = checkDetail(parent, registry);
    if (!stands.ok) return stands;
    const replacement = wanted.find((w) => w.type === parent.type);
    const narrowed = replacement ? narrowDetail(parent, replacement, stands.value.type) : ok(parent);
    if (!narrowed.ok) return narrowed;
    result.push(narrowed.value);
  }
  const added = wanted.filter((w) => !above.some((parent) => parent.type === w.type));
  return ok([...result, ...added]);
};
