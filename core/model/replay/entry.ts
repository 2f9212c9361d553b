import { createHash } from "node:crypto";
import { type ReplayKind, replayName } from "./name.ts";

/**
 * A replay entry says that this document was used. Its key covers kind and issuer, so that no issuer can use up an id
 * of another (threat 27).
 */
export interface ReplayEntry {
  readonly kind: ReplayKind;
  /** base64url SHA-256, the row's key. */
  readonly key: string;
  /**
   * For evidence that may be shown again: the key (RFC 7638 thumbprint) that showed it first and owns it since. The
   * same owner may write the entry again; another key meets a conflict (threat 16).
   */
  readonly owner?: string;
  /** When its owner was last seen, which is now; stored with the owner. */
  readonly seenAtSeconds?: number;
  /**
   * Set when a new owner takes the entry over: there must be an owner before it, last seen before this moment. An owner
   * whose time was never recorded does not count as silent.
   */
  readonly silentSinceSeconds?: number;
  /** The entry must not exist yet, not even with the same owner. */
  readonly fresh?: true;
  /** `exp` and skew: when the row may be deleted. */
  readonly expiresAtSeconds: number;
}

/**
 * Key of a replay entry: SHA-256 over its {@link replayName}, base64url.
 * @returns 43 base64url characters
 */
export const replayKey = (kind: ReplayKind, issuer: string, id: string): string =>
  createHash("sha256")
    .update(replayName(kind, issuer, id), "utf8")
    .digest("base64url");
