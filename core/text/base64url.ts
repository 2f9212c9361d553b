/**
 * Bytes of base64url (RFC 4648 5) in its one canonical spelling: no padding, no blanks, unused bits zero. Any other would
 * make two strings one token.
 * @returns undefined for any other spelling, and for none at all
 */
export function bytesOfBase64url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64url");
  // what was read leniently is written otherwise
  return text !== "" && bytes.toString("base64url") === text ? bytes : undefined;
}

/** Bytes of a text that is all ASCII: a compact JWS has nothing else. */
export const bytesOfAscii = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** Base64url of bytes. */
export const base64urlOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
