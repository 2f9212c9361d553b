import { createHmac, hash, timingSafeEqual } from "node:crypto";

/** SHA-256 of a text's UTF-8 bytes, as base64url. Other runtimes answer with a promise. */
export const sha256 = (text: string): string | Promise<string> => hash("sha256", text, "base64url");

/** HMAC-SHA-256 (RFC 2104) of a text's UTF-8 bytes, as base64url. */
export const hmacSha256 = (key: Uint8Array, text: string): string | Promise<string> =>
  createHmac("sha256", key).update(text, "utf8").digest("base64url");

/** Whether two texts are equal. The time it takes does not tell where they differ. */
export function isSameSecret(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given, "utf8"), Buffer.from(expected, "utf8")];
  return one.length === other.length && timingSafeEqual(one, other);
}
