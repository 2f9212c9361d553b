import type { MetadataReply, ResourceMetadata } from "./resource-metadata.ts";

/** A request that asks for nothing guarded. It is answered directly, which is not a refusal. */
export interface OpenRequest {
  readonly code: "open";
  readonly what: "metadata" | "preflight";
}

/** An open request and its answer. */
interface OpenAnswer {
  readonly refusal: OpenRequest;
  readonly reply: MetadataReply;
}

/** The parts of a request that are read here. */
export interface AskedRequest {
  readonly method: string;
  readonly url: string;
  /** The one value of a header. */
  header(name: string): string | undefined;
}

/**
 * Pages of every origin may call a guarded resource: only a token gives access, which the page must have itself, and
 * cookies are never read. So `Access-Control-Allow-Credentials` is not sent.
 */
const anyOrigin = { "Access-Control-Allow-Origin": "*" } as const;

const preflight: MetadataReply = {
  status: 204,
  headers: {
    ...anyOrigin,
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    // a wildcard does not include Authorization (Fetch, CORS protocol)
    "Access-Control-Allow-Headers":
      "Authorization, DPoP, Content-Type, MCP-Protocol-Version, Mcp-Session-Id, Last-Event-ID, *",
    "Access-Control-Max-Age": "600",
  },
  body: "",
};

/**
 * Answers requests that need no token: for the resource's metadata, which says where to get one (RFC 9728 3), and a
 * browser's preflight, which never carries one. If these were refused, their senders could never get a token.
 * @param crossOrigin whether pages of other origins may call; otherwise the application answers preflights
 * @returns undefined for a request that the guard has to evaluate
 */
export function openAnswer(
  request: AskedRequest,
  metadata: ResourceMetadata | undefined,
  crossOrigin: boolean,
): OpenAnswer | undefined {
  const described = metadata?.answer(request);
  if (described) return { refusal: { code: "open", what: "metadata" }, reply: described };
  const asks = request.method === "OPTIONS" && request.header("access-control-request-method") !== undefined;
  if (!crossOrigin || !asks || request.header("origin") === undefined) return undefined;
  return { refusal: { code: "open", what: "preflight" }, reply: preflight };
}

/**
 * Headers without which a page could not read an answer, its challenge and nonce; none for a caller that is not a page.
 */
export const pageHeaders = (request: AskedRequest, crossOrigin: boolean): Readonly<Record<string, string>> =>
  crossOrigin && request.header("origin") !== undefined
    ? { ...anyOrigin, "Access-Control-Expose-Headers": "WWW-Authenticate, DPoP-Nonce, Retry-After" }
    : {};
