/**
 * Decodes base64 or base64url, padded or not; line breaks may stand between characters as EC2's metadata writes them.
 * The text is never used as a key, so different spellings of the same bytes do no harm.
 * @param maxBytes of the decoded document, checked before decoding
 * @returns undefined for anything else
 */
export function decodeBase64(value: unknown, maxBytes: number): Uint8Array | undefined {
  // a quarter more for line breaks; bounded before a regular expression runs over it
  if (typeof value !== "string" || value.length > Math.ceil(maxBytes / 3) * 5) return undefined;
  const text = value.replaceAll(/\r?\n/g, "");
  if (!/^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.length > 0 && bytes.length <= maxBytes ? bytes : undefined;
}
