import type { MetadataReply, ResourceMetadata } from "./resource-metadata.ts";

/** Not a refusal: a request that asks for nothing that is guarded, and is answered instead of let in. */
export interface OpenRequest {
  readonly code: "open";
  readonly what: "metadata" | "preflight";
}

/** An open request and its answer. */
interface OpenAnswer {
  readonly refusal: OpenRequest;
  readonly reply: MetadataReply;
}

/** What is read of a request. */
export interface AskedRequest {
  readonly method: string;
  readonly url: string;
  /** The one value of a header. */
  header(name: string): string | undefined;
}

/**
 * Any origin's pages may call a guarded resource: its only authority is a token that they must hold themselves, and
 * no cookie is ever looked at, so none is asked for (`Access-Control-Allow-Credentials` stays away).
 */
const anyOrigin = { "Access-Control-Allow-Origin": "*" } as const;

const preflight: MetadataReply = {
  status: 204,
  headers: {
    ...anyOrigin,
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    // a wildcard never stands for Authorization (Fetch, CORS protocol)
    "Access-Control-Allow-Headers":
      "Authorization, DPoP, Content-Type, MCP-Protocol-Version, Mcp-Session-Id, Last-Event-ID, *",
    "Access-Control-Max-Age": "600",
  },
  body: "",
};

/**
 * Answers what comes before any token: the resource's metadata, which tells where to get one (RFC 9728 3), and a
 * browser's preflight, which never carries one. To challenge either would lock out whoever asks in order to come back
 * with a token.
 * @param crossOrigin whether pages of other origins may call; else preflights are left to the application
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

/** Headers without which a page could not read an answer, its challenge and nonce; none for whoever is no page. */
export const pageHeaders = (request: AskedRequest, crossOrigin: boolean): Readonly<Record<string, string>> =>
  crossOrigin && request.header("origin") !== undefined
    ? { ...anyOrigin, "Access-Control-Expose-Headers": "WWW-Authenticate, DPoP-Nonce, Retry-After" }
    : {};
