import type { JWK } from "jose";
import { sha256 } from "../text/digest.ts";
import { importKey as importHere } from "./import-key.ts";
import { thumbprintInput } from "./public-jwk.ts";
import type { ImportKey, VerifyingKey } from "./verifying-key.ts";

type Imported = ReturnType<ImportKey>;

/** A key that a caller showed. */
interface ShownKey {
  /** Its algorithm and its members, as one text. */
  readonly name: string;
  /** RFC 7638 thumbprint. */
  readonly jkt: string;
  readonly key: VerifyingKey;
}

/**
 * Imported public keys. Importing a key costs half as much as a verification, so a key that is used again is not
 * imported again.
 */
export interface KeyMemory {
  /**
   * A JWK of a key set. Its import is remembered as long as the object lives, so it is dropped together with its key
   * set.
   */
  held(alg: string, jwk: JWK): Imported;
  /** The key of a caller, from its proof; undefined when the key does not fit the algorithm. */
  shown(alg: string, jwk: JWK): ShownKey | undefined | Promise<ShownKey | undefined>;
  /**
   * Remembers a shown key. To be called only when a token turned out to be bound to it, so that strangers cannot fill
   * the memory.
   */
  keep(shown: ShownKey): void;
  /** How many keys of callers are remembered. */
  readonly size: number;
}

/** Most keys of callers that are remembered, at about 3 kB each; the one longest unused is dropped first. */
const keptMost = 10_240;

/**
 * Creates a memory of imported keys.
 * @param importKey the runtime's import
 */
export function createKeyMemory(importKey: ImportKey = importHere, most: number = keptMost): KeyMemory {
  const byObject = new WeakMap<JWK, Map<string, Imported>>();
  const kept = new Map<string, ShownKey>();
  const importShown = async (alg: string, jwk: JWK, { name, input }: { name: string; input: string }) => {
    const key = await importKey(alg, jwk);
    return key && { name, jkt: await sha256(input), key };
  };
  return {
    held(alg, jwk) {
      const known = byObject.get(jwk) ?? new Map<string, Imported>();
      if (known.has(alg)) return known.get(alg);
      byObject.set(jwk, known);
      const imported = importKey(alg, jwk);
      known.set(alg, imported);
      return imported;
    },
    shown(alg, jwk) {
      const input = thumbprintInput(jwk);
      const name = `${alg} ${input}`;
      const known = kept.get(name);
      return known ?? importShown(alg, jwk, { name, input });
    },
    keep(shown) {
      const { name } = shown;
      kept.delete(name);
      // only when it is full, since looking for the oldest entry passes over the places of all entries that were moved
      // to the end
      const eldest = kept.size >= most ? kept.keys().next() : undefined;
      if (eldest && !eldest.done) kept.delete(eldest.value);
      kept.set(name, shown);
    },
    get size() {
      return kept.size;
    },
  };
}

/** The memory of this process. Importing has no other effect, so all verifiers may share it. */
export const keyMemory: KeyMemory = createKeyMemory();
