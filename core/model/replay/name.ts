const utf8 = new TextEncoder();
const ascii = /^[\x20-\x7e]*$/;

const bytesIn = (text: string): number => (ascii.test(text) ? text.length : utf8.encode(text).length);

/**
 * What is used: a proof, a challenge, evidence, a client assertion by a registered key (`client-assertion`), an
 * assertion that opens one session (`assertion`), or a security event (`event`).
 */
export type ReplayKind = "dpop" | "challenge" | "evidence" | "client-assertion" | "assertion" | "event";

/**
 * The text whose hash is the key of a replay entry: kind, issuer and id, each preceded by its length in bytes. Without
 * the issuer, one issuer could use up another's `jti` (threat 27). Without the lengths, ("a","bc") and ("ab","c") would
 * be one key.
 */
export const replayName = (kind: ReplayKind, issuer: string, id: string): string =>
  `${kind.length}:${kind}${bytesIn(issuer)}:${issuer}${bytesIn(id)}:${id}`;
