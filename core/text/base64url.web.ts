/** As `base64url.ts`, for runtimes other than Node. */
export function bytesOfBase64url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) return undefined;
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = bytesOfAscii(binary);
  return base64urlOf(bytes) === text ? bytes : undefined;
}

/** Bytes of a text in which each character is one byte. */
export const bytesOfAscii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Base64url of bytes. */
export const base64urlOf = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
