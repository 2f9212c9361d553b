import { limits } from "../limits.ts";

/**
 * Remembers which DPoP proofs were used. In memory it guards one process; several processes of one resource share a
 * store with an atomic put-if-absent, or accept that a proof works once a process (it stays bound to key, method, URL
 * and token).
 */
export interface ReplayStore {
  /**
   * Records a first use, atomically.
   * @param key unique to the proof, of bounded length
   * @param expiresAtSeconds when the proof cannot be accepted any more and may be forgotten
   * @returns `first`, `used`, or `full` when it cannot remember: the caller refuses, since an unremembered proof could be replayed
   */
  use(key: string, expiresAtSeconds: number, nowSeconds: number): ReplayOutcome | Promise<ReplayOutcome>;
}

/** What a {@link ReplayStore} says of a proof. */
export type ReplayOutcome = "first" | "used" | "full";

/** A proof may be `dpopWindowSeconds` early and is accepted as long after its `iat`: none lives longer than both. */
const generationSeconds = 2 * limits.dpopWindowSeconds;

/**
 * A bounded store in memory: two generations of keys, each held for at least the life of a proof, so that forgetting
 * needs no timer and no scan.
 * @param maxKeys most keys of one generation
 */
export function createReplayStore(maxKeys = 100_000): ReplayStore {
  let current = new Set<string>();
  let previous = new Set<string>();
  let startedAtSeconds = Number.NEGATIVE_INFINITY;
  return {
    use(key, _expiresAtSeconds, nowSeconds) {
      const ageSeconds = nowSeconds - startedAtSeconds;
      // a clock that was set back must not fill the store up: the generation is held once more for its whole time
      if (ageSeconds < 0) startedAtSeconds = nowSeconds;
      if (ageSeconds >= generationSeconds) {
        previous = ageSeconds >= 2 * generationSeconds ? new Set() : current;
        current = new Set();
        startedAtSeconds = nowSeconds;
      }
      if (current.has(key) || previous.has(key)) return "used";
      if (current.size >= maxKeys) return "full";
      current.add(key);
      return "first";
    },
  };
}
