import type { Denial } from "../denial/denial.ts";
import type { ResourceRegistration } from "../model/resource-registration.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { type BudgetedCall, levelsOf } from "./levels.ts";

/**
 * Whether calls of a resource are counted: it asks `introspect` about each request, or it declares tools, each call of
 * which its server or gateway asks the decision point about. At any other, a token is verified offline and nobody counts.
 */
export const isCounted = (resource: Pick<ResourceRegistration, "introspecting" | "tools"> | undefined): boolean =>
  resource?.introspecting === true || resource?.tools !== undefined;

/**
 * Refuses what a budget would apply to and nobody would count: at a resource that verifies offline a token could be
 * used as often as its holder likes (threat 60).
 * @returns nothing, or `budget_not_counted`
 */
export function checkCounted(
  {
    session,
    policies,
    resources,
  }: Pick<BudgetedCall, "session" | "policies"> & { readonly resources: readonly string[] },
  registry: RegistrySnapshot,
): Result<void, Denial> {
  for (const resource of resources) {
    if (isCounted(registry.resource(resource))) continue;
    const [level] = levelsOf({ session, resource, policies }, registry);
    if (level) return err({ code: "budget_not_counted", budget: level.name, resource });
  }
  return ok(undefined);
}
