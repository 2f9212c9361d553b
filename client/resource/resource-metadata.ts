import { dpopAlgorithms } from "../../core/jose/dpop.ts";
import { resourceMetadataUrl } from "../../core/text/well-known.ts";

/** What a resource server tells clients about itself, beyond what its guard tells. */
export interface ResourceDescription {
  readonly name?: string;
  /** Page for developers. */
  readonly documentation?: string;
  /** Scopes that clients should ask for; not necessarily all scopes. */
  readonly scopes?: readonly string[];
  /** Types of authorization details that restrict this resource; the guard's own types when left out. */
  readonly detailsTypes?: readonly string[];
  /** Algorithms with which this server signs its answers, if it does. */
  readonly responseSigningAlgorithms?: readonly string[];
}

/** The metadata of one protected resource and where it is served. */
export interface ResourceMetadata {
  /** The well-known URL, as challenges name it. */
  readonly url: string;
  readonly document: Readonly<Record<string, unknown>>;
  /**
   * The answer to a request for the metadata, for everybody and without a token. It is served at the resource's own
   * well-known path, and at that of the origin, which clients use that know only the origin (MCP authorization,
   * protected resource metadata).
   * @param request its path and query as this server sees them
   * @returns undefined when the request asks for something else
   */
  answer(request: {
    readonly method?: string | undefined;
    readonly url?: string | undefined;
  }): MetadataReply | undefined;
}

/** An HTTP answer. */
export interface MetadataReply {
  readonly status: 200 | 204 | 405;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Input of the metadata. */
export interface ResourceMetadataInput {
  readonly resource: string;
  readonly issuer: string;
  readonly acceptBearer: boolean;
  readonly description: ResourceDescription;
}

const seconds = 300;
const wellKnownRoot = "/.well-known/oauth-protected-resource";
/** The metadata is public and contains no secret, so pages of every origin may read it. */
const open = { "Access-Control-Allow-Origin": "*" } as const;

/** Protected resource metadata (RFC 9728 2); members without values are left out, as section 3.2 requires. */
export function createResourceMetadata(input: ResourceMetadataInput): ResourceMetadata {
  const url = resourceMetadataUrl(input.resource);
  const document = documentOf(input);
  const { pathname, search } = new URL(url);
  const own = (asked: string) => {
    const there = URL.parse(asked.startsWith("/") ? `http://resource${asked}` : asked);
    if (!there) return false;
    // a query distinguishes two resources only where the resource's own URL has one (RFC 9728 3.1)
    if (there.pathname === pathname && (search === "" || there.search === search)) return true;
    return there.pathname === wellKnownRoot && there.search === "";
  };
  return {
    url,
    document,
    answer({ method = "GET", url: asked = "/" }) {
      if (!own(asked)) return undefined;
      if (method === "OPTIONS") return { status: 204, headers: { ...open, ...preflight }, body: "" };
      if (method !== "GET" && method !== "HEAD")
        return { status: 405, headers: { Allow: "GET, HEAD, OPTIONS" }, body: "" };
      const headers = {
        ...open,
        "Content-Type": "application/json",
        "Cache-Control": `public, max-age=${seconds}`,
      };
      return { status: 200, headers, body: method === "HEAD" ? "" : JSON.stringify(document) };
    },
  };
}

/**
 * The answer to a browser's preflight: MCP clients send a header with their protocol's version, for which browsers send
 * one.
 */
const preflight = {
  "Access-Control-Allow-Methods": "GET, HEAD",
  "Access-Control-Allow-Headers": "MCP-Protocol-Version",
  "Access-Control-Max-Age": "600",
} as const;

function documentOf({ resource, issuer, acceptBearer, description }: ResourceMetadataInput) {
  const { name, documentation, scopes, detailsTypes, responseSigningAlgorithms } = description;
  const lists = {
    scopes_supported: scopes,
    authorization_details_types_supported: detailsTypes,
    resource_signing_alg_values_supported: responseSigningAlgorithms,
  };
  return {
    resource,
    authorization_servers: [issuer],
    // of RFC 6750's three methods only the header is accepted; none where every token must come with a proof
    ...(acceptBearer ? { bearer_methods_supported: ["header"] } : {}),
    ...Object.fromEntries(Object.entries(lists).filter(([, values]) => values !== undefined && values.length > 0)),
    dpop_signing_alg_values_supported: [...dpopAlgorithms],
    dpop_bound_access_tokens_required: !acceptBearer,
    ...(name === undefined ? {} : { resource_name: name }),
    ...(documentation === undefined ? {} : { resource_documentation: documentation }),
  };
}
