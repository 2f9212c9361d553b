import { gzipSync } from "node:zlib";
import type { UrlResult } from "./edge.ts";
import type { UrlEvent } from "./url-event.ts";

/** Below this size, compression saves less than its headers add. */
const leastBytes = 1_000;

/**
 * Compresses an answer by gzip where the caller accepts it (RFC 9110 12.5.3). Only for documents without secrets: if an
 * answer contained a secret beside text of somebody else, its compressed length would reveal the secret.
 */
export function compressed(event: UrlEvent, result: UrlResult): UrlResult {
  const headers = { ...result.headers, vary: "accept-encoding" };
  if (result.statusCode !== 200 || Buffer.byteLength(result.body) < leastBytes || !takesGzip(event))
    return { ...result, headers };
  return {
    ...result,
    headers: { ...headers, "content-encoding": "gzip" },
    body: gzipSync(result.body).toString("base64"),
    isBase64Encoded: true,
  };
}

function takesGzip(event: UrlEvent): boolean {
  const sent = Object.entries(event.headers ?? {}).find(([name]) => name.toLowerCase() === "accept-encoding")?.[1];
  return (sent ?? "").split(",").some((part) => {
    const [coding = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    return coding === "gzip" && (weight === undefined || Number(weight) > 0);
  });
}
