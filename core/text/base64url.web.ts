/** As `base64url.ts`, where there is no Node. */
export function bytesOfBase64url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) return undefined;
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const again = btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  return again === text ? bytesOfAscii(binary) : undefined;
}

/** Whether a text is canonical base64url, as {@link bytesOfBase64url} reads it. */
export const isCanonicalBase64url = (text: string): boolean => bytesOfBase64url(text) !== undefined;

/** Bytes of a text of which each character is one byte. */
export const bytesOfAscii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
