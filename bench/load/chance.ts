/**
 * Draws from 0 up to 1, the same row for the same seed (mulberry32): a run can be told again. Never for anything secret.
 * @param seed any whole number
 */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One of several, each as likely as the next; undefined of none. */
export const oneOf = <T>(things: readonly T[], draw: () => number): T | undefined =>
  things[Math.floor(draw() * things.length)];
