/**
 * Where an issuer's metadata stands (RFC 8414 3.1): the well-known path goes between host and path, and the issuer's
 * terminating slash is dropped.
 * @param issuer an absolute URL without query and fragment
 * @param name `oauth-authorization-server`, `openid-configuration` for clients that look there (RFC 8414 5), or
 * `ssf-configuration` (SSF 1.0 7.2)
 */
export function issuerMetadataUrl(issuer: string, name: string): string {
  const { origin, pathname } = new URL(issuer);
  return `${origin}/.well-known/${name}${pathname.replace(/\/$/, "")}`;
}

/**
 * Where a protected resource's metadata stands (RFC 9728 3.1): the well-known path goes between host and path and
 * query; only a slash right after the host is dropped, since `/mcp` and `/mcp/` are two resources.
 * @param resource an absolute http(s) URL without fragment
 */
export function resourceMetadataUrl(resource: string): string {
  const { origin, pathname, search } = new URL(resource);
  return `${origin}/.well-known/oauth-protected-resource${pathname === "/" ? "" : pathname}${search}`;
}

/** Where the registered keys of agents that sign cards are published, below the issuer's own path. */
export const agentKeysPath = "/.well-known/agent-keys/";

/**
 * Where the registered keys of one agent stand.
 * @param agent its registered name, of lower-case letters, digits, `.`, `_`, `-` and slashes
 */
export const agentKeysUrl = (issuer: string, agent: string): string =>
  `${issuer.replace(/\/$/, "")}${agentKeysPath}${agent}`;
