import { limits } from "../model/limits.ts";

/**
 * Remembers which DPoP proofs were used. In memory it guards one process; several processes of one resource share a
 * store with an atomic put-if-absent, or accept that a proof works once a process (it stays bound to key, method, URL
 * and token).
 */
export interface ReplayStore {
  /**
   * Records a first use, atomically.
   * @returns `first`, `used`, or `full` when it cannot remember: the caller refuses, since an unremembered proof could be replayed
   */
  use(proof: UsedProof, nowSeconds: number): ReplayOutcome | Promise<ReplayOutcome>;
  /**
   * Forgets a proof whose token the issuer called dead: it opened nothing, and opens nothing again. Optional; a store
   * without it can be filled by whoever makes up keys and tokens, as long as their proofs live.
   */
  forget?(proof: UsedProof): void | Promise<void>;
}

/** A proof as a {@link ReplayStore} remembers it. */
export interface UsedProof {
  /** Unique to the proof, of bounded length. */
  readonly key: string;
  /** Thumbprint (RFC 7638) of the key that signed it: whoever floods the store is bounded by it, and nobody else. */
  readonly jkt: string;
  /** When the proof cannot be accepted any more and may be forgotten. */
  readonly expiresAtSeconds: number;
}

/** What a {@link ReplayStore} says of a proof. */
export type ReplayOutcome = "first" | "used" | "full";

/** A proof may be `dpopWindowSeconds` early and is accepted as long after its `iat`: none lives longer than both. */
const generationSeconds = 2 * limits.dpopWindowSeconds;

/**
 * A bounded store in memory: two generations of proofs, each held for at least the life of a proof, so that forgetting
 * needs no timer and no scan. One key has a share of a generation only: whoever sends more is answered `full` alone.
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
      // a clock that was set back must not fill the store up: the generation is held once more for its whole time
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

/** At least as many keys have to flood a store at once before it is full for others. */
const sharesOfStore = 10;

const emptyGeneration = () => ({ proofs: new Set<string>(), byKey: new Map<string, number>() });
