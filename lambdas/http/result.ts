import type { Reply } from "../../core/model/wire.ts";

/** What a function URL takes as an answer (payload 2.0). */
export interface UrlResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded?: true;
}

/** Headers of every answer, refusals and failures too. Tokens must not be stored by anything on the way (RFC 6749 5.1). */
const always = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=63072000; includeSubDomains",
  "x-content-type-options": "nosniff",
} as const;

/**
 * Core's reply as the platform's result; only core may say that something can be cached.
 * @param method of the request: a HEAD gets no body (RFC 9110 9.3.2)
 */
export function toResult(reply: Reply, requestId: string, method: string): UrlResult {
  const own = Object.entries(reply.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  const headers = {
    ...always,
    ...Object.fromEntries(own),
    "content-type": reply.contentType,
    "x-request-id": requestId,
  };
  return {
    statusCode: reply.status,
    // RFC 6749 5.1 wants both, for caches of HTTP/1.0; beside what can be cached it would contradict
    headers: headers["cache-control"] === "no-store" ? { ...headers, pragma: "no-cache" } : headers,
    body: method === "HEAD" ? "" : reply.body,
  };
}

/** The class a metric counts an answer under: `ok`, or the error code the caller saw. A handful, never free text. */
export function answerClass(result: UrlResult): string {
  if (result.statusCode < 400) return "ok";
  try {
    const { error } = JSON.parse(result.body) as { error?: unknown };
    return typeof error === "string" && /^[a-z_]{1,40}$/.test(error) ? error : `status_${result.statusCode}`;
  } catch {
    return `status_${result.statusCode}`;
  }
}
