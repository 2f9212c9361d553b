/**
 * The newest nonce each server gave out (RFC 9449 8.2). A client keeps one for each server; servers accept a window of
 * them.
 */
export interface NonceMemory {
  /** The nonce for the next proof to that server; undefined when it has given none yet. */
  of(url: string): string | undefined;
  /**
   * Remembers an answer's nonce.
   * @returns the nonce it carries, undefined when it carries none
   */
  note(url: string, headers: Headers): string | undefined;
}

/** Most servers remembered; the one whose nonce is oldest is forgotten first. */
const serversHeld = 100;
/** RFC 9449 8.1. A longer text is refused, since it would burden every further request. */
const shape = /^[\x21\x23-\x5b\x5d-\x7e]{1,512}$/;

/** A memory by origin, since a nonce of one server must never be sent to another. */
export function createNonceMemory(): NonceMemory {
  const held = new Map<string, string>();
  return {
    of: (url) => held.get(new URL(url).origin),
    note(url, headers) {
      const nonce = headers.get("dpop-nonce");
      if (nonce === null || !shape.test(nonce)) return undefined;
      const { origin } = new URL(url);
      held.delete(origin);
      held.set(origin, nonce);
      const [eldest] = held.keys();
      if (held.size > serversHeld && eldest !== undefined) held.delete(eldest);
      return nonce;
    },
  };
}
