import type { Denial } from "../denial/denial.ts";
import type { ScopeBound } from "../denial/table/grant.ts";
import { checkDetail, narrowDetail } from "../details/compare.ts";
import type { AgentRegistration, ScopeSet } from "../model/agent-registration.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AuthorizationDetail, Grant } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";

/** What a request names, before its bounds are checked. */
interface Wanted {
  readonly resources: readonly string[];
  readonly scopes: readonly string[];
  readonly details: readonly AuthorizationDetail[];
}

/**
 * Sorts requested scopes and details under the resources they belong to. A scope belongs to exactly one resource and a
 * detail restricts one, so the result is unambiguous.
 * @returns one grant for each named resource, in the order named; or `resource_missing`, `resource_unknown`,
 * `scope_missing`, `scope_unknown` (all of them), `details_invalid`
 */
export function resolveWanted(wanted: Wanted, registry: RegistrySnapshot): Result<readonly Grant[], Denial> {
  const resources = [...new Set(wanted.resources)];
  if (resources.length === 0) return err({ code: "resource_missing" });
  for (const resource of resources)
    if (!registry.resource(resource)) return err({ code: "resource_unknown", resource });
  if (wanted.scopes.length === 0) return err({ code: "scope_missing" });
  const unknown = wanted.scopes.filter((scope) => {
    const owner = registry.resourceOfScope(scope)?.uri;
    return owner === undefined || !resources.includes(owner);
  });
  if (unknown.length > 0) return err({ code: "scope_unknown", scopes: unknown });
  const details = resolveDetails(wanted.details, resources, registry);
  if (!details.ok) return details;
  const grants = resources.map((resource) => ({
    resource,
    scopes: [...new Set(wanted.scopes)].filter((scope) => registry.resourceOfScope(scope)?.uri === resource),
    details: details.value.get(resource) ?? [],
  }));
  // a token without any scope would permit nothing: the caller forgot to name some
  if (grants.some((grant) => grant.scopes.length === 0)) return err({ code: "scope_missing" });
  return ok(grants);
}

/**
 * Requested details by resource, in canonical spelling; a type that comes twice, or that belongs to a resource that is
 * not named, is refused.
 */
function resolveDetails(
  details: readonly AuthorizationDetail[],
  resources: readonly string[],
  registry: RegistrySnapshot,
): Result<ReadonlyMap<string, readonly AuthorizationDetail[]>, Denial> {
  const byResource = new Map<string, AuthorizationDetail[]>();
  const seen = new Set<string>();
  for (const detail of details) {
    const checked = checkDetail(detail, registry);
    if (!checked.ok) return checked;
    const { name, resource } = checked.value.type;
    if (seen.has(name)) return err({ code: "details_invalid", type: name, why: "named twice in one request" });
    if (!resources.includes(resource))
      return err({ code: "details_invalid", type: name, why: `it restricts ${resource}, which is not asked for` });
    seen.add(name);
    byResource.set(resource, [...(byResource.get(resource) ?? []), checked.value.detail]);
  }
  return ok(byResource);
}

/**
 * Checks grants after all narrowing, inherited details included: scopes that a registration restricts have details, and
 * the details fit into a token.
 * @param holder who will hold the grants; for an offer the agent that it names
 * @returns `details_required` naming the scopes and the types, `details_invalid` when they are too large together
 */
export function checkGranted(
  grants: readonly Grant[],
  holder: Pick<AgentRegistration, "requiresDetails"> | undefined,
  registry: RegistrySnapshot,
): Result<void, Denial> {
  for (const { resource, scopes, details } of grants) {
    const has = new Set(details.map((detail) => detail.type));
    for (const { name, requiredFor = [] } of registry.detailsTypes(resource)) {
      const bare = scopes.filter((scope) => requiredFor.includes(scope));
      if (bare.length > 0 && !has.has(name))
        return err({ code: "details_required", resource, scopes: bare, types: [name] });
    }
    if (holder?.requiresDetails && details.length === 0)
      return err({
        code: "details_required",
        resource,
        scopes,
        types: registry.detailsTypes(resource).map((type) => type.name),
      });
    const bytes = Buffer.byteLength(JSON.stringify(details), "utf8");
    if (bytes > limits.grantDetailsBytes)
      return err({ code: "details_invalid", type: details[0]?.type ?? "?", why: "with all it inherits, too large" });
  }
  return ok(undefined);
}

/** What bounds a request: a session, an offer, or what a presented token is mapped to. */
interface Above {
  readonly held: readonly Grant[];
  /** The bound that a refusal names. */
  readonly by: ScopeBound;
}

/**
 * Narrows wanted grants to what is held: every scope must be held, and every constraint is inherited or replaced by a
 * narrower one (threat 7). Scopes are granted all together or not at all; the refusal names those that were refused.
 * @param wanted grants resolved from the request
 * @returns the child's grants, never wider than `held`; or `scope_exceeds`, `details_exceed`
 */
export function narrowWithin(
  wanted: readonly Grant[],
  { held, by }: Above,
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
 * Whether grants lie within what is above them as they are, without inheriting anything.
 * @returns what {@link narrowWithin} refuses, and `details_exceed` for a constraint above that they lack
 */
export function stillWithin(grants: readonly Grant[], above: Above, registry: RegistrySnapshot): Result<void, Denial> {
  const narrowed = narrowWithin(grants, above, registry);
  if (!narrowed.ok) return narrowed;
  for (const [at, grant] of grants.entries()) {
    const own = new Set(grant.details.map((detail) => JSON.stringify(detail)));
    const lacks = narrowed.value[at]?.details.find((detail) => !own.has(JSON.stringify(detail)));
    if (lacks) return err({ code: "details_exceed", type: lacks.type, field: "type" });
  }
  return ok(undefined);
}

/** Refuses scopes beyond a plain set (what an agent is registered for, what a principal may delegate). */
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
    // of a type that was removed or changed: the constraint can no longer be compared or enforced
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
