import { base64urlOf } from "./base64url.web.ts";

const utf8 = new TextEncoder();

/** As `digest.ts`, for runtimes other than Node. */
export const sha256 = async (text: string): Promise<string> =>
  base64urlOf(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8.encode(text))));

/** HMAC-SHA-256 (RFC 2104) of a text's UTF-8 bytes, as base64url. */
export async function hmacSha256(key: Uint8Array, text: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", Uint8Array.from(key), algorithm, false, ["sign"]);
  return base64urlOf(new Uint8Array(await crypto.subtle.sign("HMAC", imported, utf8.encode(text))));
}

/** Whether two texts are equal. The time it takes does not tell where they differ. */
export function isSameSecret(given: string, expected: string): boolean {
  const [one, other] = [utf8.encode(given), utf8.encode(expected)];
  let difference = one.length ^ other.length;
  for (let i = 0; i < other.length; i++) difference |= (one[i] ?? 0) ^ (other[i] ?? 0);
  return difference === 0;
}
