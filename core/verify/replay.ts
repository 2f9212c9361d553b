import { limits } from "../model/limits.ts";

/**
 * Remembers which DPoP proofs were used. A store in memory guards one process. Several processes of one resource share
 * a store with an atomic put-if-absent, or accept that a proof works once in each process (it stays bound to key,
 * method, URL and token).
 */
export interface ReplayStore {
  /**
   * Records a first use, atomically.
   * @returns `first`, `used`, or `full` when the proof cannot be remembered: the caller then refuses, since the proof
   * could be replayed
   */
  use(proof: UsedProof, nowSeconds: number): ReplayOutcome | Promise<ReplayOutcome>;
  /**
   * Forgets a proof whose token the issuer called inactive: it gave access to nothing and never will. Optional. Without
   * it, somebody who makes up keys and tokens can fill the store for as long as such proofs live.
   */
  forget?(proof: UsedProof): void | Promise<void>;
}

/** A proof as a {@link ReplayStore} remembers it. */
export interface UsedProof {
  /** Unique to the proof, of bounded length. */
  readonly key: string;
  /**
   * Thumbprint (RFC 7638) of the key that signed it. The store's share for one key limits a key that floods it, and no
   * other key.
   */
  readonly jkt: string;
  /** When the proof cannot be accepted any more and may be forgotten. */
  readonly expiresAtSeconds: number;
}

/** What a {@link ReplayStore} answers. */
export type ReplayOutcome = "first" | "used" | "full";

/**
 * A proof's `iat` may be `dpopWindowSeconds` in the future, and it is accepted as long after its `iat`. No proof lives
 * longer than both.
 */
const generationSeconds = 2 * limits.dpopWindowSeconds;

/**
 * A bounded store in memory: two generations of proofs, each held for at least the life of a proof, so that forgetting
 * needs no timer and no scan. One key may use only a share of a generation; beyond it only that key is answered `full`.
 * @param maxProofs most proofs of one generation
 * @param maxProofsPerKey most of them by one key
 */
export function createReplayStore(
  maxProofs = 100_000,
  maxProofsPerKey: number = Math.ceil(maxProofs / sharesOfStore),
): ReplayStore {
  let current = emptyGeneration();
  let previous = emptyGeneration();
  let startedAtSeconds = Number.NEGATIVE_INFINITY;
  return {
    use({ key, jkt }, nowSeconds) {
      const ageSeconds = nowSeconds - startedAtSeconds;
      // a clock that was set back must not fill the store, so the generation is kept once more for its whole time
      if (ageSeconds < 0) startedAtSeconds = nowSeconds;
      if (ageSeconds >= generationSeconds) {
        previous = ageSeconds >= 2 * generationSeconds ? emptyGeneration() : current;
        current = emptyGeneration();
        startedAtSeconds = nowSeconds;
      }
      if (current.proofs.has(key) || previous.proofs.has(key)) return "used";
      const ofKey = current.byKey.get(jkt) ?? 0;
      if (current.proofs.size >= maxProofs || ofKey >= maxProofsPerKey) return "full";
      current.proofs.add(key);
      current.byKey.set(jkt, ofKey + 1);
      return "first";
    },
    forget({ key, jkt }) {
      const generation = [current, previous].find(({ proofs }) => proofs.delete(key));
      if (!generation) return;
      const left = (generation.byKey.get(jkt) ?? 1) - 1;
      if (left > 0) generation.byKey.set(jkt, left);
      else generation.byKey.delete(jkt);
    },
  };
}

/** So many keys at least must flood a store together before it is full for others. */
const sharesOfStore = 10;

const emptyGeneration = () => ({ proofs: new Set<string>(), byKey: new Map<string, number>() });
