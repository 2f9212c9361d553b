import { limits } from "../model/limits.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";

/** How many reads of the store requests that prove nothing may still cause. */
export interface UnprovenReads {
  /** False when this second's reads are spent. */
  take(): boolean;
}

/**
 * Creates one instance's allowance of `limits.unprovenReadsPerSecond`. A stranger's refusal costs a read, since the
 * agent may have been registered a moment ago. Without an allowance, many requests with made-up names would throttle
 * the deployment's row, which every check of every session reads (threat 13).
 */
export function createUnprovenReads(clock: Clock): UnprovenReads {
  let second = Number.NaN;
  let taken = 0;
  return {
    take() {
      const now = nowSeconds(clock);
      if (now !== second) taken = 0;
      second = now;
      taken += 1;
      return taken <= limits.unprovenReadsPerSecond;
    },
  };
}
