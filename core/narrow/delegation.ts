import { createHash } from "node:crypto";
import type { ScopeSet } from "../model/agent-registration.ts";
import type { ClaimCondition, DelegationRuleRegistration, TrustedIssuerRegistration } from "../model/registry.ts";
import { canonicalJson } from "../model/registry-difference.ts";
import type { DetailsTypeDeclaration } from "../model/resource-registration.ts";
import type { Principal, Session } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";

/**
 * On whose authority a session exists: who delegates, by which rules, and what those rules and groups meant when it
 * began.
 */
export type Delegator = Pick<Session, "principal" | "delegationRules" | "meanings">;

/**
 * The delegation rules (registry `lending`) a person's token matches. Nothing may be delegated without one (threat 2).
 * @param issuer the token's issuer, exactly
 * @param claims the verified claims of the person's token
 */
export function matchingRules(
  issuer: string,
  claims: Readonly<Record<string, unknown>>,
  registry: RegistrySnapshot,
): readonly DelegationRuleRegistration[] {
  return registry.delegationRulesOf(issuer).filter(({ when }) => meets(claims, when));
}

/**
 * The principal that starts work now, with the present meaning of its rules and groups. Rule names and digests are
 * kept, but no claim: otherwise every session below would carry personal data.
 * @param principal who starts the work
 * @param claims for a person: the verified claims of their token
 */
export function delegatorOf(
  principal: Principal,
  claims: Readonly<Record<string, unknown>> | undefined,
  registry: RegistrySnapshot,
): Delegator {
  if (!claims) return { principal };
  const issuer = String(claims.iss);
  const rules = matchingRules(issuer, claims, registry);
  const trusted = registry.trustedIssuer(issuer, "person");
  const groups = trusted && groupsMeaning(trusted);
  const meanings: Meanings = {
    ...Object.fromEntries(rules.map((rule) => [ruleKey(rule.name), ruleMeaning(rule)])),
    ...(trusted && groups !== undefined ? { [groupsKey(trusted.name)]: groups } : {}),
  };
  return { principal, delegationRules: rules.map((rule) => rule.name), meanings };
}

/**
 * What a principal may delegate by the present registry. For a person: by the rules that their claims matched when the
 * root was opened, as far as each rule still means the same people. A rule that was removed, or whose meaning changed
 * or was not kept, gives nothing (threat 33).
 */
export function mayDelegate(
  { principal, delegationRules = [], meanings = {} }: Delegator,
  registry: RegistrySnapshot,
): readonly ScopeSet[] {
  if (principal.kind === "agent") return registry.agent(principal.id)?.lends ?? [];
  return delegationRules.flatMap((name) => {
    const rule = registry.delegationRule(name);
    const meant = Object.hasOwn(meanings, ruleKey(name)) ? meanings[ruleKey(name)] : undefined;
    return rule && meant === ruleMeaning(rule) ? rule.lends : [];
  });
}

/**
 * The trusted issuer whose groups mean other people than when this person's work began, or whose meaning was not kept.
 * Then nobody can say in which groups the person is, and "in none" would pass every `forbid` by group (threats 33 and
 * 39). An issuer that no longer declares groups does not count, since no policy can name its groups.
 * @returns its name, or undefined
 */
export function redefinedGroups(
  { principal, meanings = {} }: Delegator,
  registry: RegistrySnapshot,
): string | undefined {
  const held = (principal.groups ?? []).map((group) => groupsKey(group.split("/", 1)[0] ?? ""));
  const kept = Object.keys(meanings).filter((key) => key.startsWith(groupsKey("")));
  const key = [...held, ...kept].find((one) => {
    const issuer = registry.personIssuer(one.slice(groupsKey("").length));
    const means = issuer && groupsMeaning(issuer);
    return means !== undefined && (!Object.hasOwn(meanings, one) || meanings[one] !== means);
  });
  return key?.slice(groupsKey("").length);
}

/**
 * Digests of what names of the registry meant when something was stored by them, by `lending:<rule>` and
 * `groups:<trusted issuer's name>`. A name alone can be given a new meaning: a rule that is rewritten for
 * administrators would then delegate its new scopes to the people it meant before (threat 33).
 */
type Meanings = Readonly<Record<string, string>>;

/** The key under which a delegation rule's meaning is kept. */
const ruleKey = (rule: string): string => `lending:${rule}`;

/** The key under which the meaning of all groups of one trusted issuer is kept. */
const groupsKey = (issuerName: string): string => `groups:${issuerName}`;

/**
 * The people a delegation rule means: which issuer's, and on which condition. What they may delegate is not part of the
 * meaning.
 */
const ruleMeaning = ({ issuer, when }: Pick<DelegationRuleRegistration, "issuer" | "when">): string =>
  digestOf({ issuer, when });

/**
 * The people that the groups of an issuer mean: which issuer's, by which claim, and what a missing claim means. The
 * group's own name is part of the group's id.
 * @returns undefined for an issuer that declares none
 */
function groupsMeaning({ issuer, groups }: Pick<TrustedIssuerRegistration, "issuer" | "groups">): string | undefined {
  return groups && digestOf({ issuer, claim: groups.claim, absent: groups.absent ?? "refuse" });
}

/** What a details type means: its schema, without the members that only explain, and the rules of its fields. */
export const detailsTypeMeaning = ({ schema, rules }: Pick<DetailsTypeDeclaration, "schema" | "rules">): string =>
  digestOf({ schema: withoutWords(schema), rules });

/** A schema without `title`, `description` and dialect. A field that has one of these names is kept. */
function withoutWords(schema: unknown): unknown {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return schema;
  const { title: _t, description: _d, $schema: _s, properties, items, ...rest } = schema as Record<string, unknown>;
  const fields = Object.entries(properties ?? {}).map(([name, field]) => [name, withoutWords(field)]);
  return {
    ...rest,
    ...(properties === undefined ? {} : { properties: Object.fromEntries(fields) }),
    ...(items === undefined ? {} : { items: withoutWords(items) }),
  };
}

/** 22 base64url characters, 132 bits of SHA-256: too many for anybody to find another meaning with the same digest. */
const digestOf = (meaning: object): string =>
  createHash("sha256")
    .update(canonicalJson(meaning) ?? "")
    .digest("base64url")
    .slice(0, 22);

/**
 * Claims that people can set for themselves at many providers. Only `iss` and `sub` together name a person; others may
 * change, be used again, or be entered by hand (OpenID Connect Core 5.7). Somebody who registers with the boss's
 * address at a provider of their choice must delegate nothing by it and be in no group (threat 37).
 */
const chosen: ReadonlySet<string> = new Set(
  [
    ["preferred_username", "username", "cognito:username", "login", "upn", "unique_name", "winaccountname"],
    ["name", "given_name", "family_name", "middle_name", "nickname", "display_name", "displayname"],
    ["profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "address", "updated_at"],
    ["email", "emails", "mail", "alternate_email", "verified_primary_email", "phone_number", "phone"],
  ].flat(),
);

/** Claims that a provider may have verified, and the claim that says so (OpenID Connect Core 5.1). */
const provedBy: ReadonlyMap<string, string> = new Map([
  ["email", "email_verified"],
  ["phone_number", "phone_number_verified"],
]);

/** @returns why a group must not be read from this claim, or undefined */
export const groupClaimProblem = (claim: string): string | undefined =>
  chosen.has(claim.toLowerCase()) ? `is a claim that people choose for themselves: it makes no group` : dotted(claim);

/** @returns why nothing may be delegated by this condition, or undefined */
export function ruleClaimProblem({ claim, verifiedBy }: ClaimCondition): string | undefined {
  const proof = provedBy.get(claim);
  if (proof !== undefined)
    return verifiedBy === proof
      ? undefined
      : `is typed in by the person: it lends only with \`verifiedBy: ${proof}\`, from a provider that proves it`;
  if (chosen.has(claim.toLowerCase())) return "is a claim that people choose for themselves: it lends nothing";
  return verifiedBy === undefined ? dotted(claim) : `is not proved by ${verifiedBy}`;
}

/**
 * A claim's name that is a URL contains dots (Auth0's). Elsewhere a dot would be a path, and no claim is read by a
 * path.
 */
const dotted = (claim: string): string | undefined =>
  claim.includes(".") && !/^[a-z][a-z0-9+.-]*:\/\//.test(claim)
    ? "would never match: a claim inside another is not read; have the provider put it beside the others"
    : undefined;

/** Whether a person's token meets the condition. A claim that people choose never does, whatever the registry says. */
export function meets(claims: Readonly<Record<string, unknown>>, condition: ClaimCondition): boolean {
  if (ruleClaimProblem(condition) !== undefined) return false;
  const { claim, equals, verifiedBy } = condition;
  if (verifiedBy !== undefined && !(Object.hasOwn(claims, verifiedBy) && claims[verifiedBy] === true)) return false;
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  return Array.isArray(value) ? value.includes(equals) : value === equals;
}
