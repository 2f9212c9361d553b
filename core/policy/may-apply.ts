import type * as cedarWasm from "@cedar-policy/cedar-wasm/nodejs";
import type { CedarModule } from "./ask.ts";

type Scope = cedarWasm.PrincipalConstraint | cedarWasm.ActionConstraint | cedarWasm.ResourceConstraint;

/**
 * The permits among policies that could apply to an action, by their scopes alone: what stands in `when` and `unless` is
 * not looked at. Where none could apply, every request of that action is refused for certain.
 * @param policies texts that parse, each one policy
 * @returns whether one could permit the action to a person (a principal's id) at a resource (a URI)
 */
export function permitsThatMayApply(
  policies: readonly string[],
  action: string,
  cedar: Pick<CedarModule, "policyToJson">,
): (principal: string, resource: string) => boolean {
  const permits = policies.flatMap((text) => {
    const read = cedar.policyToJson(text);
    return read.type === "success" && read.json.effect === "permit" && mayBe(read.json.action, "Action", action)
      ? [read.json]
      : [];
  });
  return (principal, resource) =>
    permits.some((one) => mayBe(one.principal, "Principal", principal) && mayBe(one.resource, "Resource", resource));
}

/** Whether a scope may hold for an entity. A form that is not understood with certainty may. */
function mayBe(scope: Scope, type: string, id: string): boolean {
  if (scope.op === "is") return scope.entity_type === type;
  const entities = "entities" in scope ? scope.entities : "entity" in scope ? [scope.entity] : undefined;
  const named = entities?.map((uid) => ("__entity" in uid ? uid.__entity : uid));
  // a group, or what else may contain it
  if (scope.op === "All" || named === undefined || named.some((one) => one.type !== type && scope.op === "in"))
    return true;
  return named.some((one) => one.type === type && one.id === id);
}
