/**
 * Claims that people can set for themselves at many providers. Only `iss` and `sub` together name a person; others may
 * change, be used again, or be typed in (OpenID Connect Core 5.7). Whoever signs up at a provider of their own as the
 * boss's address must lend nothing by it and be in no group (threat 37).
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

/** What a lending rule demands of a person's token. */
export interface ClaimCondition {
  readonly claim: string;
  readonly equals: string;
  /** The claim that must be `true` beside it. */
  readonly verifiedBy?: "email_verified" | "phone_number_verified";
}

/** @returns why no group may rest on this claim, or undefined */
export const groupClaimProblem = (claim: string): string | undefined =>
  chosen.has(claim.toLowerCase()) ? `is a claim that people choose for themselves: it makes no group` : dotted(claim);

/** @returns why nothing may be lent by this condition, or undefined */
export function lendingClaimProblem({ claim, verifiedBy }: ClaimCondition): string | undefined {
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
  if (lendingClaimProblem(condition) !== undefined) return false;
  const { claim, equals, verifiedBy } = condition;
  if (verifiedBy !== undefined && !(Object.hasOwn(claims, verifiedBy) && claims[verifiedBy] === true)) return false;
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  return Array.isArray(value) ? value.includes(equals) : value === equals;
}
