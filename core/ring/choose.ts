import type { SigningAlgorithm } from "../model/ports.ts";
import type { Ring, RingKey } from "./model.ts";

/** Keys whose signatures count, and which are therefore published. */
export const publishedKeys = (ring: Ring): readonly RingKey[] =>
  ring.keys.filter(({ state }) => state === "published" || state === "active" || state === "retired");

/** Whether every verifier must have the key by now. A clock behind the rotator's only makes it wait. */
export const isKnown = (key: RingKey, nowSeconds: number, waitSeconds: number): boolean =>
  key.publishedAtSeconds !== undefined && nowSeconds - key.publishedAtSeconds >= waitSeconds;

/**
 * The key that signs. Checked once more by the signer's own clock: were the rotator's ahead, or its row wrong, a key
 * that verifiers do not have yet still signs nothing.
 * @returns undefined when none may
 */
export const signingKey = (
  ring: Ring,
  alg: SigningAlgorithm,
  nowSeconds: number,
  waitSeconds: number,
): RingKey | undefined =>
  ring.keys.find((key) => key.state === "active" && key.alg === alg && isKnown(key, nowSeconds, waitSeconds));
