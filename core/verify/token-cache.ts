import type { JWK } from "jose";
import type { ReadAccess } from "./verified-access.ts";

/** An access token that was found good, but for its times: what of it is needed to evaluate it again. */
export interface VerifiedToken {
  /** What its key is looked up by. */
  readonly header: { readonly alg: string; readonly kid: string | undefined };
  /** The very object its signature was verified by: a key set that was read anew has others. */
  readonly key: JWK;
  readonly times: { readonly exp: unknown; readonly nbf?: unknown; readonly iat: unknown };
  /** Frozen in its depth: whoever is handed it again must find what was signed. */
  readonly read: ReadAccess;
}

/** Verified tokens of one verifier, found again by the whole token. */
export interface TokenCache {
  /** @param hash SHA-256 of the whole token, signature included */
  get(hash: string): VerifiedToken | undefined;
  /** @param bytes what the token's access takes ({@link freezeWhole}) */
  put(hash: string, token: VerifiedToken, bytes: number): void;
  forget(hash: string): void;
  /** Drops all of this verifier's. */
  clear(): void;
}

/** Room for verified tokens, shared by all verifiers of a process. */
export interface TokenCaches {
  /**
   * The cache of verifiers that check alike.
   * @param settings everything a token was checked against, as one text: other settings never find it
   */
  of(settings: string): TokenCache;
  /** What is held, by a careful estimate; never more than the room. */
  readonly bytes: number;
}

const roomBytes = 8_000_000;

interface Entry {
  readonly settings: string;
  readonly token: VerifiedToken;
  readonly bytes: number;
}

/**
 * Creates room for verified tokens. It holds successes only, so that nobody fills it but the issuer; what was longest
 * unused goes first, so that many tokens make it no larger, only of less use.
 * @param mostBytes what all of it may take
 */
export function createTokenCaches(mostBytes: number = roomBytes): TokenCaches {
  const entries = new Map<string, Entry>();
  let bytes = 0;
  const drop = (name: string): void => {
    bytes -= entries.get(name)?.bytes ?? 0;
    entries.delete(name);
  };
  const of = (settings: string): TokenCache => {
    // a hash has a fixed length: no settings and token are another pair's text
    const nameOf = (hash: string) => `${hash}${settings}`;
    return {
      get(hash) {
        const name = nameOf(hash);
        const entry = entries.get(name);
        if (!entry) return undefined;
        entries.delete(name);
        entries.set(name, entry);
        return entry.token;
      },
      put(hash, token, accessBytes) {
        const name = nameOf(hash);
        const entry = { settings, token, bytes: entryBytes + 2 * name.length + accessBytes };
        drop(name);
        if (entry.bytes > mostBytes) return;
        entries.set(name, entry);
        bytes += entry.bytes;
        for (const [eldest] of entries) {
          if (bytes <= mostBytes) return;
          drop(eldest);
        }
      },
      forget: (hash) => drop(nameOf(hash)),
      clear() {
        for (const [name, entry] of entries) if (entry.settings === settings) drop(name);
      },
    };
  };
  return {
    of,
    get bytes() {
      return bytes;
    },
  };
}

/** The objects around each token, and its places in the map. */
const entryBytes = 640;

/**
 * Freezes a value and everything in it.
 * @returns bytes that it takes in V8 at most: objects with their spare places, text at two bytes a character
 */
export function freezeWhole(value: unknown): number {
  if (typeof value === "string") return 24 + 2 * value.length;
  if (typeof value !== "object" || value === null) return 16;
  let bytes = 96;
  // names of members are shared by all objects that have them, but for a stranger's
  for (const name of Object.keys(value)) {
    const member = (value as Readonly<Record<string, unknown>>)[name];
    bytes += 32 + 2 * name.length + freezeWhole(member);
  }
  Object.freeze(value);
  return bytes;
}

/** This process's. */
export const tokenCaches: TokenCaches = createTokenCaches();
