import { createHash } from "node:crypto";
import type {
  ClaimCondition,
  DelegationRuleRegistration,
  DetailsTypeDeclaration,
  ScopeSet,
  TrustedIssuerRegistration,
} from "../model/registry.ts";
import { canonicalJson } from "../model/registry-difference.ts";
import type { Principal, Session } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";

/** On whose authority a session stands: who delegates, by which rules, and whom names meant when it began. */
export type Delegator = Pick<Session, "principal" | "delegationRules" | "meanings">;

/**
 * The delegation rules (registry `lending`) a person's token matches: nothing may be delegated until the registry says so
 * (threat 2).
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
 * Somebody who begins work now, with the meaning that names have now. Names of rules and digests are kept, no claim: what
 * a person is would otherwise stand in every session below.
 * @param principal whoever starts the work
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
 * What a principal may delegate by the registry as it is now. For a person by the rules their claims matched when the root
 * was opened, as far as each still means whom it meant then: a rule that was withdrawn, or that means others now, gives
 * nothing any more, and one whose meaning was not kept never does (threat 33).
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
 * The trusted issuer whose groups no longer mean whom they meant when this person's work began, or whose meaning was not
 * kept. In which groups the person is cannot be told then, and "in none" would pass every `forbid` by group (threats 33
 * and 39). An issuer that declares no groups any more is none: no policy can name its groups.
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
 * What names of the registry meant when something was stored by them, as digests by `lending:<rule>` and
 * `groups:<trusted issuer's name>`. A name alone would follow whoever edits it: a rule that was rewritten for
 * administrators would delegate what it says now to the people it meant before (threat 33).
 */
type Meanings = Readonly<Record<string, string>>;

/** Under which key a delegation rule's meaning is kept. */
const ruleKey = (rule: string): string => `lending:${rule}`;

/** Under which key the meaning of all groups of one trusted issuer is kept. */
const groupsKey = (issuerName: string): string => `groups:${issuerName}`;

/** Whom a delegation rule means: whose people, and on which condition. What they may delegate is not part of it. */
const ruleMeaning = ({ issuer, when }: Pick<DelegationRuleRegistration, "issuer" | "when">): string =>
  digestOf({ issuer, when });

/**
 * Whom the groups of an issuer mean: whose people, by which claim, and what a missing claim says. The group's own name is
 * the rest of it, and stands in the group's id.
 * @returns undefined for an issuer that declares none
 */
function groupsMeaning({ issuer, groups }: Pick<TrustedIssuerRegistration, "issuer" | "groups">): string | undefined {
  return groups && digestOf({ issuer, claim: groups.claim, absent: groups.absent ?? "refuse" });
}

/** What a details type means: the schema it is read by, without what only explains it, and the rules of its fields. */
export const detailsTypeMeaning = ({ schema, rules }: Pick<DetailsTypeDeclaration, "schema" | "rules">): string =>
  digestOf({ schema: withoutWords(schema), rules });

/** A schema without `title`, `description` and dialect; a field of that name is a field. */
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

/** 22 base64url characters, 132 bits of SHA-256: nobody finds a second meaning with the digest of another. */
const digestOf = (meaning: object): string =>
  createHash("sha256")
    .update(canonicalJson(meaning) ?? "")
    .digest("base64url")
    .slice(0, 22);

/**
 * Claims that people can set for themselves at many providers. Only `iss` and `sub` together name a person; others may
 * change, be used again, or be typed in (OpenID Connect Core 5.7). Whoever signs up at a provider of their own as the
 * boss's address must delegate nothing by it and be in no group (threat 37).
 */
const chosen: ReadonlySet<string> = new Set(
  [
    ["preferred_username", "username", "cognito:username", "login", "upn", "unique_name", "winaccountname"],
    ["name", "given_name", "family_name", "middle_name", "nickname", "display_name", "displayname"],
    ["profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "address", "updated_at"],
    ["email", "emails", "mail", "alternate_email", "verified_primary_email", "phone_number", "phone"],
  ].flat(),
);

/** Claims that a provider may have proved, and the claim by which it says so (OpenID Connect Core 5.1). */
const provedBy: ReadonlyMap<string, string> = new Map([
  ["email", "email_verified"],
  ["phone_number", "phone_number_verified"],
]);

/** @returns why no group may rest on this claim, or undefined */
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

/** Claims of one URL-like name hold dots (Auth0's); otherwise a dot is a path, which no claim is read by. */
const dotted = (claim: string): string | undefined =>
  claim.includes(".") && !/^[a-z][a-z0-9+.-]*:\/\//.test(claim)
    ? "would never match: a claim inside another is not read; have the provider put it beside the others"
    : undefined;

/** Does a person's token meet the condition? Claims that people choose meet none, whatever the registry says. */
export function meets(claims: Readonly<Record<string, unknown>>, condition: ClaimCondition): boolean {
  if (ruleClaimProblem(condition) !== undefined) return false;
  const { claim, equals, verifiedBy } = condition;
  if (verifiedBy !== undefined && !(Object.hasOwn(claims, verifiedBy) && claims[verifiedBy] === true)) return false;
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  return Array.isArray(value) ? value.includes(equals) : value === equals;
}
