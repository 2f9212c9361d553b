import { limits } from "../model/limits.ts";
import { parseBoundedJson } from "../text/json.ts";

/** A compact JWS taken apart, nothing in it believed. */
export interface CompactJws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  /** `base64url(header).base64url(payload)`: what a signature covers. */
  readonly signingInput: string;
}

const segment = /^[A-Za-z0-9_-]+$/;
// a byte order mark must reach the JSON parser, which refuses it
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Takes a compact JWS (RFC 7515 7.1) apart, more strictly than most libraries: exactly three segments, canonical
 * base64url (or two strings would be one token), valid UTF-8, JSON objects without repeated members or deep nesting.
 * @param maxBytes longest token looked at
 * @returns undefined for anything else
 */
export function parseCompactJws(token: string, maxBytes: number): CompactJws | undefined {
  if (token.length > maxBytes) return undefined;
  const [header, payload, signature, ...more] = token.split(".");
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) return undefined;
  if (!isCanonicalBase64url(signature)) return undefined;
  const parsedHeader = objectIn(header, limits.jsonDepth);
  const parsedPayload = objectIn(payload, limits.claimsDepth);
  if (!parsedHeader || !parsedPayload) return undefined;
  return { header: parsedHeader, payload: parsedPayload, signingInput: `${header}.${payload}` };
}

/** True for base64url (RFC 4648 5) without padding whose unused bits are zero. */
export const isCanonicalBase64url = (text: string): boolean =>
  segment.test(text) && Buffer.from(text, "base64url").toString("base64url") === text;

function objectIn(encoded: string, depthMax: number): Readonly<Record<string, unknown>> | undefined {
  if (!isCanonicalBase64url(encoded)) return undefined;
  let text: string;
  try {
    text = utf8.decode(Buffer.from(encoded, "base64url"));
  } catch {
    return undefined;
  }
  const parsed = parseBoundedJson(text, depthMax);
  if (!parsed.ok || typeof parsed.value !== "object" || parsed.value === null || Array.isArray(parsed.value))
    return undefined;
  return parsed.value as Record<string, unknown>;
}
