import { createHash } from "node:crypto";

/** A replay entry: SHA-256 over (kind, issuer, id), so that one issuer can never burn another's. */
export interface ReplayEntry {
  readonly kind: "dpop" | "challenge" | "evidence";
  /** base64url SHA-256, the row's key. */
  readonly key: string;
  /**
   * For evidence that can be shown again: the key (RFC 7638 thumbprint) it belongs to since it was first shown. The same
   * owner may write the replay entry again, any other meets a conflict.
   */
  readonly owner?: string;
  /** When its owner was seen, which is now; kept with the owner. */
  readonly seenAtSeconds?: number;
  /**
   * Taken over from another owner, on condition that there is one and that it was last seen before this moment. One that
   * was never seen is not silent.
   */
  readonly silentSinceSeconds?: number;
  /** Not even its owner has written it before. */
  readonly fresh?: true;
  /** exp + skew: when the row may go. */
  readonly expiresAtSeconds: number;
}

/**
 * Key of a replay entry: SHA-256 over kind, issuer and id, each length-prefixed. Without the issuer,
 * one issuer could burn another's `jti`; without the lengths, ("a","bc") would burn ("ab","c").
 * @returns 43 base64url characters
 */
export function replayKey(kind: ReplayEntry["kind"], issuer: string, id: string): string {
  const hash = createHash("sha256");
  for (const part of [kind, issuer, id]) {
    const bytes = Buffer.from(part, "utf8");
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest("base64url");
}
