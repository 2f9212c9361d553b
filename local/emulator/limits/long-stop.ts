/** Wall time says how busy a machine is, not how much was done: it only ends what would otherwise never end. */

const factor = 30;
const leastMillis = 120_000;
const mostMillis = 1_800_000;

/**
 * The wall time that stands behind a limit: thirty times as long, two minutes at least, half an hour at most (or the
 * limit itself, where that is longer).
 * @param limitMillis the limit, in milliseconds
 */
export const longStopMillis = (limitMillis: number): number =>
  Math.max(limitMillis, Math.min(mostMillis, Math.max(leastMillis, limitMillis * factor)));
