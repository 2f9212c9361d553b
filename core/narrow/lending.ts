import { meets } from "../model/chosen-claims.ts";
import type { LendingRegistration, ScopeSet } from "../model/registry.ts";
import type { Principal, Session } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { groupsKey, groupsMeaning, lendingKey, lendingMeaning, type Meanings } from "./meaning.ts";

/** On whose authority a session stands: who lends, by which rules, and whom names meant when it began. */
export type Lender = Pick<Session, "principal" | "lending" | "meanings">;

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
 * Somebody who begins work now, with the meaning that names have now. Names of rules and digests are kept, no claim: what
 * a person is would otherwise stand in every session below.
 * @param principal whoever starts the work
 * @param claims for a person: the verified claims of their token
 */
export function lenderOf(
  principal: Principal,
  claims: Readonly<Record<string, unknown>> | undefined,
  registry: RegistrySnapshot,
): Lender {
  if (!claims) return { principal };
  const issuer = String(claims.iss);
  const rules = matchingRules(issuer, claims, registry);
  const trusted = registry.trustedIssuer(issuer, "person");
  const groups = trusted && groupsMeaning(trusted);
  const meanings: Meanings = {
    ...Object.fromEntries(rules.map((rule) => [lendingKey(rule.name), lendingMeaning(rule)])),
    ...(trusted && groups !== undefined ? { [groupsKey(trusted.name)]: groups } : {}),
  };
  return { principal, lending: rules.map((rule) => rule.name), meanings };
}

/**
 * What a principal may lend by the registry as it is now. For a person by the rules their claims matched when the root
 * was opened, as far as each still means whom it meant then: a rule that was withdrawn, or that means others now, lends
 * nothing any more, and one whose meaning was not kept never does (threat 33).
 */
export function lendable(
  { principal, lending = [], meanings = {} }: Lender,
  registry: RegistrySnapshot,
): readonly ScopeSet[] {
  if (principal.kind === "agent") return registry.agent(principal.id)?.lends ?? [];
  return lending.flatMap((name) => {
    const rule = registry.lendingRule(name);
    const meant = Object.hasOwn(meanings, lendingKey(name)) ? meanings[lendingKey(name)] : undefined;
    return rule && meant === lendingMeaning(rule) ? rule.lends : [];
  });
}

/**
 * The trusted issuer whose groups no longer mean whom they meant when this person's work began, or whose meaning was not
 * kept. In which groups the person is cannot be told then, and "in none" would pass every `forbid` by group (threats 33
 * and 39). An issuer that declares no groups any more is none: no policy can name its groups.
 * @returns its name, or undefined
 */
export function redefinedGroups({ principal, meanings = {} }: Lender, registry: RegistrySnapshot): string | undefined {
  const held = (principal.groups ?? []).map((group) => groupsKey(group.split("/", 1)[0] ?? ""));
  const kept = Object.keys(meanings).filter((key) => key.startsWith(groupsKey("")));
  const key = [...held, ...kept].find((one) => {
    const issuer = registry.personIssuer(one.slice(groupsKey("").length));
    const means = issuer && groupsMeaning(issuer);
    return means !== undefined && (!Object.hasOwn(meanings, one) || meanings[one] !== means);
  });
  return key?.slice(groupsKey("").length);
}
