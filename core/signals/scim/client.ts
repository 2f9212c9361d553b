import type { Denial } from "../../denial/denial.ts";
import type { TrustedIssuerRegistration, TrustedScimClient } from "../../model/registry.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import { isSameSecret, sha256 } from "../../text/digest.ts";

/** An issuer of people whose SCIM client is heard. */
export type ScimIssuer = TrustedIssuerRegistration & { readonly scim: TrustedScimClient };

/**
 * A token of 256 random bits behind a prefix. Whatever has another form is refused before it is hashed, so that nobody
 * can register a word that can be guessed: a plain hash protects a random secret, and no other.
 */
const tokenForm = /^Bearer +(lys_[A-Za-z0-9_-]{43})$/i;

/** The token that a client shows, if it has the form of one. */
export const scimToken = (authorization: string | undefined): Result<string, Denial> => {
  const token = tokenForm.exec(authorization ?? "")?.[1];
  return token === undefined ? err({ code: "scim_client_unknown" }) : ok(token);
};

/**
 * The issuer whose client a token is. Only hashes are registered; each is compared, in a time that tells nothing of how
 * much of it is right.
 * @returns the issuer, or `scim_client_unknown`
 */
export async function scimIssuer(
  token: string,
  { personIssuers }: Pick<RegistrySnapshot, "personIssuers">,
): Promise<Result<ScimIssuer, Denial>> {
  const shown = await sha256(token);
  let found: ScimIssuer | undefined;
  for (const issuer of personIssuers)
    for (const hash of issuer.scim?.tokenSha256 ?? []) if (isSameSecret(shown, hash)) found = issuer as ScimIssuer;
  return found ? ok(found) : err({ code: "scim_client_unknown" });
}
