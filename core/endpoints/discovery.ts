import { denialReply } from "../denial/wire.ts";
import { refuseAuthorization } from "../discovery/authorization-endpoint.ts";
import { authzenMetadata } from "../discovery/authzen-metadata.ts";
import { type FunctionUrls, issuerMetadata, openidMetadata } from "../discovery/issuer-metadata.ts";
import { agentKeys, bundle, eventKeys, jwks } from "../discovery/key-documents.ts";
import { published } from "../discovery/published.ts";
import { type StoredLists, statusLists } from "../discovery/status-lists.ts";
import { transmitterConfiguration } from "../events/configuration.ts";
import type { AgentKey } from "../model/agent-registration.ts";
import { keyTimes } from "../model/key-times.ts";
import type { PublishedOwnKeys } from "../model/ports.ts";
import type { Call, Reply } from "../model/wire.ts";
import { agentKeysPath, issuerMetadataUrl } from "../text/well-known.ts";

/** What discovery needs: public keys and stored bytes, but no right to sign. */
interface DiscoveryDeps {
  readonly issuer: string;
  readonly ownKeys: PublishedOwnKeys;
  readonly urls: () => Promise<FunctionUrls | undefined>;
  /** Names of the details types in the present registry. */
  readonly detailsTypes: () => Promise<readonly string[]>;
  /** Keys of an agent that signs cards, by its name. */
  readonly cardKeys: (agent: string) => Promise<readonly AgentKey[] | undefined>;
  readonly lists: StoredLists;
  /** Set when this stage pushes no security events; then their configuration is not served. */
  readonly withoutEvents?: true;
}

/** The pages that a request may ask for, by whichever path. */
type Page =
  | "oauth"
  | "openid"
  | "authzen"
  | "authorize"
  | "keys"
  | "bundle"
  | "events"
  | "eventKeys"
  | "agentKeys"
  | "lists";

/**
 * Serves the public documents:
 *
 * 1. **find** the page by its path below the issuer's own, or by a path with the well-known part before the issuer's
 *    path (RFC 8414 3.1, SSF 1.0 7.2) or after it (OpenID Connect Discovery 4)
 * 2. **let look** and nothing else: only GET and HEAD, and a browser's preflight request
 * 3. **answer**: metadata (RFC 8414, OpenID Connect Discovery as far as AWS reads it; `discovery/issuer-metadata.ts`;
 *    AuthZEN 1.0), the JWKS and the SPIFFE bundle (`discovery/key-documents.ts`), the stored status lists
 *    (`discovery/status-lists.ts`), the keys of agents that sign cards, the configuration for receivers of security
 *    events. Identity keys are in the SPIFFE bundle only: a standard verifier would accept an access token signed by
 *    any key at `jwks_uri` (threat 3)
 * 4. **open** it to pages of every origin (CORS), except the authorization endpoint, which a browser only navigates to
 *    (RFC 9700 2.6)
 */
export function createDiscoveryEndpoint(deps: DiscoveryDeps): (call: Call) => Promise<Reply> {
  const path = new URL(deps.issuer).pathname.replace(/\/$/, "");
  const pages = pagesOf(deps.issuer, path, deps.withoutEvents !== true);
  return async (call) => {
    // 1. find
    const page = pages.get(call.path) ?? (call.path.startsWith(`${path}${agentKeysPath}`) ? "agentKeys" : "lists");
    // 2. let look
    const refused = refuseMethod(call, page);
    // 3. answer
    const below = call.path.startsWith(`${path}/`) ? call.path.slice(path.length) : "";
    const reply = refused ?? (await answer(page, { ...call, path: below }, deps));
    // 4. open
    return page === "authorize" ? reply : forEveryOrigin(reply);
  };
}

function pagesOf(issuer: string, path: string, pushesEvents: boolean): ReadonlyMap<string, Page> {
  const before = (name: string) => new URL(issuerMetadataUrl(issuer, name)).pathname;
  const eventPages: readonly [string, Page][] = [
    [`${path}/.well-known/ssf-configuration`, "events"],
    [`${path}/.well-known/ssf-jwks.json`, "eventKeys"],
    [before("ssf-configuration"), "events"],
  ];
  return new Map<string, Page>([
    [`${path}/.well-known/openid-configuration`, "openid"],
    [`${path}/authorize`, "authorize"],
    [`${path}/.well-known/jwks.json`, "keys"],
    [`${path}/.well-known/spiffe-bundle.json`, "bundle"],
    [before("oauth-authorization-server"), "oauth"],
    [before("openid-configuration"), "openid"],
    [before("authzen-configuration"), "authzen"],
    ...(pushesEvents ? eventPages : []),
  ]);
}

function refuseMethod({ method }: Call, page: Page): Reply | undefined {
  if (method === "GET" || method === "HEAD") return undefined;
  if (method === "OPTIONS" && page !== "authorize") return preflight;
  const allow = page === "authorize" ? "GET, HEAD" : "GET, HEAD, OPTIONS";
  return denialReply({ code: "method_not_allowed", method, allow });
}

async function answer(page: Page, call: Call, deps: DiscoveryDeps): Promise<Reply> {
  const { issuer, ownKeys } = deps;
  switch (page) {
    case "oauth":
      return metadata(deps, issuerMetadata);
    case "openid":
      return metadata(deps, openidMetadata);
    case "authzen":
      return decisionPoint(call, deps);
    case "authorize":
      return refuseAuthorization(call);
    case "keys":
      return published(await jwks(ownKeys), "application/json", keyTimes.jwksMaxAgeSeconds);
    case "bundle":
      return published(await bundle(ownKeys), "application/json", keyTimes.jwksMaxAgeSeconds);
    case "events":
      return published(JSON.stringify(transmitterConfiguration(issuer)), "application/json", 60);
    case "eventKeys":
      return published(await eventKeys(ownKeys), "application/json", keyTimes.jwksMaxAgeSeconds);
    case "agentKeys":
      return agentKeys(call.path, deps);
    case "lists":
      return statusLists(call, deps);
  }
}

/** Metadata of the decision point (AuthZEN 1.0, PDP Metadata), where there is one. */
async function decisionPoint(call: Call, { issuer, urls }: DiscoveryDeps): Promise<Reply> {
  const decide = (await urls())?.decide;
  if (decide === undefined) return denialReply({ code: "not_found", path: call.path.slice(0, 100) });
  return published(JSON.stringify(authzenMetadata(issuer, decide)), "application/json", 60);
}

/**
 * Adds the CORS header for every origin: the documents are public and need no credentials, so a verifier in a browser
 * may read them (Token Status List, 8.1).
 */
const forEveryOrigin = (reply: Reply): Reply => ({
  ...reply,
  headers: { ...reply.headers, "Access-Control-Allow-Origin": "*" },
});

/**
 * The answer to a browser's preflight request. Browsers send one before a request with unusual headers, and MCP clients
 * send such a header with their protocol's version.
 */
const preflight: Reply = {
  status: 204,
  contentType: "text/plain",
  headers: {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "MCP-Protocol-Version",
    "Access-Control-Max-Age": "600",
  },
  body: "",
};

async function metadata(deps: DiscoveryDeps, document: typeof issuerMetadata): Promise<Reply> {
  const [urls, detailsTypes] = await Promise.all([deps.urls(), deps.detailsTypes()]);
  if (!urls) return denialReply({ code: "registry_unavailable", why: "the function URLs are not published yet" });
  // RFC 9396 10; by RFC 8414 3.2 a member without values is left out
  const details = detailsTypes.length > 0 ? { authorization_details_types_supported: detailsTypes } : {};
  return published(JSON.stringify({ ...document(deps.issuer, urls), ...details }), "application/json", 60);
}
