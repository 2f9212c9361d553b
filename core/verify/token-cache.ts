import type { JWK } from "jose";
import type { ReadAccess } from "./verified-access.ts";

/** An access token that was verified, with what is needed to check its times again. */
export interface VerifiedToken {
  /** The header members by which its key is looked up. */
  readonly header: { readonly alg: string; readonly kid: string | undefined };
  /** The object its signature was verified with. A key set that was fetched again has other objects. */
  readonly key: JWK;
  readonly times: { readonly exp: unknown; readonly nbf?: unknown; readonly iat: unknown };
  /** Frozen with everything in it, so that no caller can change what the next one reads (threat 50). */
  readonly read: ReadAccess;
}

/** Verified tokens of one verifier, found by the hash of the whole token. */
export interface TokenCache {
  /** @param hash SHA-256 of the whole token, signature included */
  get(hash: string): VerifiedToken | undefined;
  /** @param bytes size of the token's access, from {@link freezeWhole} */
  put(hash: string, token: VerifiedToken, bytes: number): void;
  forget(hash: string): void;
  /** Drops all tokens of this verifier. */
  clear(): void;
}

/** Room for verified tokens, shared by all verifiers of a process. */
export interface TokenCaches {
  /**
   * The cache of verifiers with the same settings.
   * @param settings everything a token was checked against, as one text; a verifier with other settings never finds the
   * token
   */
  of(settings: string): TokenCache;
  /** Bytes held, by an estimate that is rather too high; never more than the room. */
  readonly bytes: number;
}

const roomBytes = 8_000_000;

interface Entry {
  readonly settings: string;
  readonly token: VerifiedToken;
  readonly bytes: number;
}

/**
 * Creates room for verified tokens. It holds only tokens that were verified, so only the issuer can fill it. The one
 * longest unused is dropped first: many tokens make it less useful but not larger.
 * @param mostBytes the most that all of it may take
 */
export function createTokenCaches(mostBytes: number = roomBytes): TokenCaches {
  const entries = new Map<string, Entry>();
  let bytes = 0;
  const drop = (name: string): void => {
    bytes -= entries.get(name)?.bytes ?? 0;
    entries.delete(name);
  };
  const of = (settings: string): TokenCache => {
    // a hash has a fixed length, so no two pairs of settings and token have the same text
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

/** Bytes of the objects around each token and of its places in the map. */
const entryBytes = 640;

/**
 * Freezes a value and everything in it.
 * @returns the most bytes it takes in V8: objects with their spare slots, text at two bytes a character
 */
export function freezeWhole(value: unknown): number {
  if (typeof value === "string") return 24 + 2 * value.length;
  if (typeof value !== "object" || value === null) return 16;
  let bytes = 96;
  // objects with the same members share the names, except members from outside
  for (const name of Object.keys(value)) {
    const member = (value as Readonly<Record<string, unknown>>)[name];
    bytes += 32 + 2 * name.length + freezeWhole(member);
  }
  Object.freeze(value);
  return bytes;
}

/** The room of this process. */
export const tokenCaches: TokenCaches = createTokenCaches();
