import { createHash } from "node:crypto";

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/**
 * Id of a person, used as `sub`, key and tag everywhere: two persons with the same `sub` at two issuers have different
 * ids, and a `sub` that looks like a SPIFFE ID never becomes an agent's (threat 8).
 * @returns `p_` + the first 32 lower-case base32 characters (160 bits) of SHA-256(iss, 0x00, sub)
 */
export function personId(iss: string, sub: string): string {
  const digest = createHash("sha256").update(iss, "utf8").update("\0").update(sub, "utf8").digest();
  return `p_${base32(digest).slice(0, 32)}`;
}

/** RFC 4648 6 in lower case, without padding. */
function base32(bytes: Uint8Array): string {
  let text = "";
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(buffer >>> bits) & 31];
    }
    buffer &= (1 << bits) - 1;
  }
  return bits > 0 ? text + alphabet[(buffer << (5 - bits)) & 31] : text;
}
