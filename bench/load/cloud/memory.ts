import type { LoadedCloud } from "./link.ts";
import type { Memory } from "./orders.ts";

/** Memory at one moment of a run. */
export interface MemoryAt extends Memory {
  readonly atMillis: number;
  /** Bytes of the process of the callers. */
  readonly callers: number;
}

const sampleMillis = 1_000;

/**
 * Looks at the memory every second; one look at a time.
 * @param startMillis of the run, by the clock of `performance`
 */
export function sampleMemory(cloud: LoadedCloud, startMillis: number) {
  const samples: MemoryAt[] = [];
  let looking: Promise<unknown> | undefined;
  const look = () => {
    looking ??= cloud
      .order({ do: "memory" })
      .then(({ memory }) => {
        const atMillis = performance.now() - startMillis;
        if (memory) samples.push({ ...memory, atMillis, callers: process.memoryUsage.rss() });
      })
      .finally(() => {
        looking = undefined;
      });
  };
  look();
  const timer = setInterval(look, sampleMillis);
  return {
    async end(): Promise<readonly MemoryAt[]> {
      clearInterval(timer);
      await looking;
      return samples;
    },
  };
}
