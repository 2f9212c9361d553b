import { createHash } from "node:crypto";
import { replayName } from "./replay-name.ts";

/** A replay entry: SHA-256 over (kind, issuer, id), so that one issuer can never consume another's. */
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
 * Key of a replay entry: SHA-256 over its {@link replayName}.
 * @returns 43 base64url characters
 */
export const replayKey = (kind: ReplayEntry["kind"], issuer: string, id: string): string =>
  createHash("sha256")
    .update(replayName(kind, issuer, id), "utf8")
    .digest("base64url");
