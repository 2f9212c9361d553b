import type { Authenticated } from "../../resource/authenticated.ts";

/**
 * What the integration is told of the caller, in `requestContext.authorizer` or `identity.resolverContext`: texts
 * alone, which every kind of API hands on; never the token.
 */
export interface AuthorizerContext {
  readonly principal: string;
  readonly principalKind: string;
  readonly agent: string;
  /** Separated by blanks. */
  readonly scopes: string;
  readonly session: string;
  readonly root: string;
  readonly depth: string;
  readonly assurance: string;
  /** Its id, for the log. */
  readonly token: string;
  readonly expiresAtSeconds: string;
  /** Where money was reserved for the request: by what id its cost is settled (`settle` of the server's agent). */
  readonly report?: string;
}

export const contextOf = ({ access, reserved }: Authenticated): AuthorizerContext => ({
  principal: access.principal.id,
  principalKind: access.principal.kind,
  agent: access.agent,
  scopes: access.scopes.join(" "),
  session: access.sid,
  root: access.root,
  depth: String(access.depth),
  assurance: access.assurance,
  token: access.tokenId,
  expiresAtSeconds: String(access.expiresAtSeconds),
  ...(reserved ? { report: reserved.report } : {}),
});
