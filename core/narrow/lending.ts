import { meets } from "../chosen-claims.ts";
import type { LendingRegistration, ScopeSet } from "../registry/model.ts";
import type { RegistrySnapshot } from "../registry/snapshot.ts";
import type { Principal } from "../session/model.ts";

/**
 * The lending rules a person's token matches: nothing may be lent until the registry says so (threat 2).
 * @param issuer the token's issuer, exactly
 * @param claims the verified claims of the person's token
 */
export function matchingRules(
  issuer: string,
  claims: Readonly<Record<string, unknown>>,
  registry: RegistrySnapshot,
): readonly LendingRegistration[] {
  return registry.lending(issuer).filter(({ when }) => meets(claims, when));
}

/**
 * What a principal may lend by the registry as it is now.
 * @param principal whoever started the work
 * @param ruleNames for a person: names of the rules their claims matched when the root was opened; a rule that was
 * withdrawn since lends nothing any more
 */
export function lendable(
  principal: Principal,
  ruleNames: readonly string[],
  registry: RegistrySnapshot,
): readonly ScopeSet[] {
  if (principal.kind === "agent") return registry.agent(principal.id)?.lends ?? [];
  return ruleNames.flatMap((name) => registry.lendingRule(name)?.lends ?? []);
}
