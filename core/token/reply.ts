import type { Grant } from "../model/session.ts";
import { accessTokenType, type TokenReply } from "../model/wire.ts";

/** A 200 of the token endpoint (RFC 8693 2.2.1): a session token or an offer is no access token, its type is `N_A`. */
export function tokenReply(
  token: string,
  issuedType: string,
  expiresIn: number,
  grants: readonly Grant[],
  more: Partial<Pick<TokenReply, "session" | "token_type">> = {},
): TokenReply {
  const details = grants.flatMap((grant) => grant.details);
  return {
    access_token: token,
    issued_token_type: issuedType,
    token_type: issuedType === accessTokenType ? "DPoP" : "N_A",
    expires_in: expiresIn,
    scope: grants.flatMap((grant) => grant.scopes).join(" "),
    ...(details.length > 0 ? { authorization_details: details } : {}),
    ...more,
  };
}
