import type { TrustedIssuerRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import { groupId } from "../model/snapshot.ts";

type Claims = Readonly<Record<string, unknown>>;

/**
 * The declared groups that a person's token says the person is in; whatever else the claim holds is nobody's group here.
 * What cannot be read is refused and never taken for "in none": a `forbid` by group would be passed by whoever is in so
 * many groups that the provider leaves them out (threat 39).
 * @param claims of a token whose signature is good
 * @returns `<issuer's name>/<group>` for each, undefined where the issuer declares no groups; or why they are unknown
 */
export function groupsOfPerson(
  claims: Claims,
  { name, groups }: TrustedIssuerRegistration,
): Result<readonly string[] | undefined, string> {
  if (!groups) return ok(undefined);
  if (isOverage(claims, groups.claim)) return err(`the provider left ${groups.claim} out because there are too many`);
  const value = Object.hasOwn(claims, groups.claim) ? claims[groups.claim] : undefined;
  if (value === undefined || value === null)
    return groups.absent === "none"
      ? ok([])
      : err(`the token has no claim ${groups.claim}, and its issuer is not registered with groups.absent: none`);
  const held = groupList(value, groups.names);
  if (!held) return err(`${groups.claim} is not a list of names`);
  return ok(groups.names.filter((group) => held.has(group)).map((group) => groupId(name, group)));
}

/**
 * Marks of a provider that has more to say than fits a token: distributed claims (OpenID Connect Core 5.6.2), Entra's
 * `hasgroups` of the implicit flow, and its older `groups:src1`.
 */
function isOverage(claims: Claims, claim: string): boolean {
  const { _claim_names: elsewhere, hasgroups: some } = claims;
  if (some !== undefined && some !== null && some !== false) return true;
  if (Object.keys(claims).some((name) => name.startsWith(`${claim}:src`))) return true;
  if (elsewhere === undefined || elsewhere === null) return false;
  // in a form that cannot be read it may name the claim
  if (typeof elsewhere !== "object" || Array.isArray(elsewhere)) return true;
  return Object.hasOwn(elsewhere, claim);
}

/** Characters by which several names are packed into one text: a list that we would take for a single strange name. */
const packed = /[\s,;|[\]{}"]/;

/** A list of texts, or the one text that some providers write for a list of one. */
function groupList(value: unknown, names: readonly string[]): ReadonlySet<unknown> | undefined {
  if (typeof value === "string") return names.includes(value) || !packed.test(value) ? new Set([value]) : undefined;
  return Array.isArray(value) && value.every((one) => typeof one === "string") ? new Set(value) : undefined;
}
