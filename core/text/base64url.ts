/**
 * Bytes of base64url (RFC 4648 5) in its one canonical spelling: no padding, no blanks, unused bits zero. If other
 * spellings were accepted, two different strings would be one token.
 * @returns undefined for any other spelling, and for an empty text
 */
export function bytesOfBase64url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64url");
  // `Buffer` reads leniently: what it accepted beyond the canonical spelling is written back differently
  return text !== "" && bytes.toString("base64url") === text ? bytes : undefined;
}

/** Bytes of a text that is all ASCII, as every compact JWS is. */
export const bytesOfAscii = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** Base64url of bytes. */
export const base64urlOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
