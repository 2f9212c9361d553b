import type { OwnToken } from "../caller/own-token.ts";
import type { Grant, Session } from "../model/session.ts";

/**
 * What a token lets its session's own agent ask for: a session token all that the session holds, an access token what it
 * says itself. No exchange yields more than the token it was made with: a narrowed token handed to a part of a program
 * must not open the rest of the session there.
 */
export function heldBy(
  token: Pick<OwnToken, "kind" | "aud" | "scopes" | "details">,
  session: Session,
): readonly Grant[] {
  if (token.kind === "session") return session.grants;
  return session.grants
    .filter((grant) => grant.resource === token.aud)
    .map((grant) => ({
      ...grant,
      scopes: grant.scopes.filter((scope) => token.scopes.includes(scope)),
      details: token.details,
    }));
}

/** Whether a token opens its whole session: only then may it be exchanged for one that stands for all of it. */
export function opensAll(token: Pick<OwnToken, "kind" | "aud" | "scopes" | "details">, session: Session): boolean {
  const text = (grants: readonly Grant[]) => JSON.stringify(grants.map((g) => [g.resource, g.scopes, g.details]));
  return text(heldBy(token, session)) === text(session.grants);
}
