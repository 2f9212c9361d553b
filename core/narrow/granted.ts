import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import type { AgentRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Grant } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";

/**
 * What must hold of grants after all narrowing, inherited details included: nothing is bare that a registration wants
 * restricted, and the details fit into a token.
 * @param holder who will hold the grants; for an offer the agent it is held out to
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
