/** One figure of a benchmark. */
export interface Row {
  readonly section: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is a multiple of in the same run: machines are noisy, ratios less so. */
  readonly ratio?: { readonly of: string; readonly value: number };
}

/**
 * CPU time of `work`, by the process clock, so that waiting does not count.
 * @param runs how often `work` runs after a warm-up of a tenth
 * @returns CPU microseconds a run and runs a second of wall time
 */
export async function measure(
  runs: number,
  work: (n: number) => Promise<unknown>,
): Promise<{ cpuMicros: number; perSecond: number }> {
  const warm = Math.ceil(runs / 10);
  for (let n = 0; n < warm; n++) await work(n);
  const cpu = process.cpuUsage();
  const started = performance.now();
  for (let n = warm; n < warm + runs; n++) await work(n);
  const used = process.cpuUsage(cpu);
  const seconds = (performance.now() - started) / 1000;
  return { cpuMicros: (used.user + used.system) / runs, perSecond: runs / seconds };
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
