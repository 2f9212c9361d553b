import type { Denial } from "../denial/denial.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Grant } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import type { TokenReply } from "../model/wire.ts";

/** Whether access tokens of a resource are bearer tokens: its registration says that it cannot check proofs. */
export const isBearer = (resource: string, registry: RegistrySnapshot): boolean =>
  registry.resource(resource)?.senderConstraint === "none";

/** RFC 8693 2.2.1: a session token is no access token, so its type is `N_A`. */
export function tokenTypeOf(grant: Grant | undefined, registry: RegistrySnapshot): TokenReply["token_type"] {
  if (!grant) return "N_A";
  return isBearer(grant.resource, registry) ? "Bearer" : "DPoP";
}

/**
 * A bearer token is issued only where the stage lets it be too. A bound one in its place would be no better: the resource
 * would take it from whoever copied it (RFC 9449 7.2).
 * @param grant what an access token is asked for; none for a session token, which is always bound
 * @returns nothing, or `bearer_not_allowed`
 */
export function checkBearer(
  grant: Grant | undefined,
  registry: RegistrySnapshot,
  deps: { readonly bearerTokens?: boolean },
): Result<void, Denial> {
  const { resource } = grant ?? {};
  const refused = resource !== undefined && isBearer(resource, registry) && deps.bearerTokens !== true;
  return refused ? err({ code: "bearer_not_allowed", resource }) : ok(undefined);
}
