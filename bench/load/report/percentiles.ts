/** Latencies, or anything else that is counted in milliseconds, summed up. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly most: number;
}

/**
 * The value that so large a part of all values does not exceed (nearest rank): always one of them, never a mean of two.
 * @param sorted in rising order
 * @param part from 0 to 1
 * @returns NaN of no values
 */
export function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

/** Sums values up. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) => percentile(sorted, part);
  return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), most: at(1) };
}
