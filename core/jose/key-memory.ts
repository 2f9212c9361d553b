import type { JWK } from "jose";
import { sha256 } from "../text/digest.ts";
import { importKey as importHere } from "./import-key.ts";
import { thumbprintInput } from "./public-jwk.ts";
import type { ImportKey, VerifyingKey } from "./verifying-key.ts";

type Imported = ReturnType<ImportKey>;

/** A caller's key. */
interface ShownKey {
  /** Its algorithm and all that makes it, as one text. */
  readonly name: string;
  /** RFC 7638 thumbprint. */
  readonly jkt: string;
  readonly key: VerifyingKey;
}

/** Imported public keys, so that a key that comes again need not be read again: it costs half a verification. */
export interface KeyMemory {
  /** The key of a JWK that somebody holds: remembered as long as that very object lives, and so dropped with its key set. */
  held(alg: string, jwk: JWK): Imported;
  /** The key of a caller, which came with its proof; undefined for one that is none of the algorithm. */
  shown(alg: string, jwk: JWK): ShownKey | undefined | Promise<ShownKey | undefined>;
  /** Remembers a key that was shown, once it turned out to be one that a token is bound to: nobody else fills this. */
  keep(shown: ShownKey): void;
  /** How many keys of callers are remembered. */
  readonly size: number;
}

/** Most keys of callers that are remembered, at about 3 kB each; the one longest unused goes first. */
const keptMost = 10_240;

/**
 * Creates a memory of imported keys.
 * @param importKey by which runtime
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
      // only when it is full: looking for the eldest passes over the places of all that were moved to the end
      const eldest = kept.size >= most ? kept.keys().next() : undefined;
      if (eldest && !eldest.done) kept.delete(eldest.value);
      kept.set(name, shown);
    },
    get size() {
      return kept.size;
    },
  };
}

/** What this process remembers: importing has no other effect, so that all may share it. */
export const keyMemory: KeyMemory = createKeyMemory();
