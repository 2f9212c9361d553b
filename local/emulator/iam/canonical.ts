/** The canonical request of Signature Version 4: what exactly is signed. */
import type { IncomingHttpHeaders } from "node:http";

/** A request as it came in, nothing decoded. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query exactly as on the request line. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Writes a request in its canonical form.
 * @param names names of the signed headers
 * @param how `payload`: what stands for the body; `escapesTwice`: whether the service escapes the path a second time
 */
export function canonicalRequest(
  request: SignedRequest,
  names: readonly string[],
  { payload, escapesTwice }: { readonly payload: string; readonly escapesTwice: boolean },
): string {
  const [path = "/", query = ""] = split(request.target, "?");
  const headers = names.map((name) => {
    const value = request.headers[name];
    return `${name}:${(Array.isArray(value) ? value.join(",") : (value ?? "")).trim().replace(/\s+/g, " ")}\n`;
  });
  const parameters = query
    .split("&")
    .filter((each) => each !== "")
    .map((each) => split(each, "=").map((part) => escapeUri(decode(part))))
    .map(([name, value = ""]) => [name, value] as const)
    .sort(([a = "", x], [b = "", y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`);
  // Every service but S3 escapes the path a second time.
  const signedPath = escapesTwice ? path.split("/").map(escapeUri).join("/") : path;
  return [request.method, signedPath, parameters.join("&"), headers.join(""), names.join(";"), payload].join("\n");
}

function split(text: string, separator: string): [string] | [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function escapeUri(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
