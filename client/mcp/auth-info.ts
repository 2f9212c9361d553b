import type { Authenticated } from "../resource/authenticated.ts";

/** What the official SDK passes to tools as `authInfo`; see {@link callerOf}. */
export interface McpAuthInfo {
  readonly token: string;
  readonly clientId: string;
  scopes: string[];
  readonly expiresAt: number;
  readonly resource: URL;
  readonly resourceMetadataUrl?: string;
  readonly extra: Record<string, unknown>;
}

/** The caller as the SDK passes it on. */
export function authInfoOf(caller: Authenticated, resourceMetadataUrl: string | undefined): McpAuthInfo {
  const { access, presentedAccessToken } = caller;
  return {
    token: presentedAccessToken,
    clientId: access.agent,
    scopes: [...access.scopes],
    expiresAt: access.expiresAtSeconds,
    resource: new URL(access.resource),
    ...(resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl }),
    extra: { [callerKey]: caller },
  };
}

/**
 * Who called, in a tool of a guarded server, with `requires`, `permits` and the token for a next hop.
 * @param authInfo as the SDK passes it to tools
 * @throws TypeError when `requireTool` does not stand before the server
 */
export function callerOf(authInfo: { readonly extra?: Readonly<Record<string, unknown>> } | undefined): Authenticated {
  const caller = authInfo?.extra?.[callerKey];
  if (typeof caller !== "object" || caller === null) throw new TypeError("no requireTool stands before this server");
  return caller as Authenticated;
}

const callerKey = "lanyard";
