import { dpopAlgorithms } from "../../core/jose/dpop.ts";
import { resourceMetadataUrl } from "../../core/text/well-known.ts";

/** What a resource server tells clients about itself, beside what follows from how it is guarded. */
export interface ResourceDescription {
  readonly name?: string;
  /** Page for developers. */
  readonly documentation?: string;
  /** Scopes worth asking for; not necessarily all there are. */
  readonly scopes?: readonly string[];
  /** Types of authorization details that restrict this resource; those it was given to evaluate by unless named here. */
  readonly detailsTypes?: readonly string[];
  /** Algorithms by which this server signs its answers, if it does. */
  readonly responseSigningAlgorithms?: readonly string[];
}

/** The metadata of one protected resource and where it is served. */
export interface ResourceMetadata {
  /** The well-known URL, as challenges name it. */
  readonly url: string;
  readonly document: Readonly<Record<string, unknown>>;
  /**
   * The answer to a request for the metadata, for everybody and without a token: at its own well-known path, and at the
   * origin's, where clients look that were told the origin alone (MCP authorization, protected resource metadata).
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

/** What the metadata is made from. */
export interface ResourceMetadataInput {
  readonly resource: string;
  readonly issuer: string;
  readonly acceptBearer: boolean;
  readonly description: ResourceDescription;
}

const seconds = 300;
const wellKnownRoot = "/.well-known/oauth-protected-resource";
/** Public, the same for everybody and free of secrets: pages of any origin may read it. */
const open = { "Access-Control-Allow-Origin": "*" } as const;

/** Protected resource metadata (RFC 9728 2); members without values are left out, as 3.2 asks. */
export function createResourceMetadata(input: ResourceMetadataInput): ResourceMetadata {
  const url = resourceMetadataUrl(input.resource);
  const document = documentOf(input);
  const { pathname, search } = new URL(url);
  const own = (asked: string) => {
    const there = URL.parse(asked.startsWith("/") ? `http://resource${asked}` : asked);
    if (!there) return false;
    // only where a query belongs to the resource does it name another (RFC 9728 3.1)
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

/** MCP clients send their protocol's version along, which a browser asks about first. */
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
    // of RFC 6750's three ways only the header; none where every token must come with a proof
    ...(acceptBearer ? { bearer_methods_supported: ["header"] } : {}),
    ...Object.fromEntries(Object.entries(lists).filter(([, values]) => values !== undefined && values.length > 0)),
    dpop_signing_alg_values_supported: [...dpopAlgorithms],
    dpop_bound_access_tokens_required: !acceptBearer,
    ...(name === undefined ? {} : { resource_name: name }),
    ...(documentation === undefined ? {} : { resource_documentation: documentation }),
  };
}
