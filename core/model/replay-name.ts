const utf8 = new TextEncoder();
const ascii = /^[\x20-\x7e]*$/;

const bytesIn = (text: string): number => (ascii.test(text) ? text.length : utf8.encode(text).length);

/**
 * What the key of a replay entry is the hash of: kind, issuer and id, each with its length in bytes before it. Without
 * the issuer, one issuer could denylist another's `jti`; without the lengths, ("a","bc") would denylist ("ab","c").
 */
export const replayName = (kind: "dpop" | "challenge" | "evidence", issuer: string, id: string): string =>
  `${kind.length}:${kind}${bytesIn(issuer)}:${issuer}${bytesIn(id)}:${id}`;
