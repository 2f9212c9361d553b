import type { Pace } from "./row.ts";

/** One of several that are compared: takes turns with the others. */
export interface Contestant {
  /** CPU milliseconds before it counts, beyond the usual: a long way through much code is compiled late. */
  readonly warmMillis?: number;
  /** Makes what the next runs need; not counted. */
  prepare?(runs: number): void | Promise<void>;
  /** One run of what is measured. */
  run(): unknown;
}

/** What one contestant took. */
export interface Taken {
  /** CPU microseconds of one run, the median of all turns. */
  readonly cpuMicros: number;
  /** How many times as much as another took in the same round, the median of all rounds. */
  times(other: string): number;
}

const warmMillis = 250;
/** For a whole endpoint: about a thousand requests, after which its figure no longer falls. */
export const endpointWarmMillis = 1_200;

/**
 * CPU time of contestants that take turns in short slices, in an order that moves on: on a shared machine all of them
 * see the same neighbours, so that their ratios hold where their times do not. By the process clock, so that waiting
 * does not count, and threads of Node's own do.
 * @returns what each took, by its name
 */
export async function compare<N extends string>(
  contestants: Readonly<Record<N, Contestant>>,
  pace: Pace,
): Promise<Readonly<Record<N, Taken>>> {
  const names = Object.keys(contestants) as N[];
  const runs = new Map<N, number>();
  for (const name of names) runs.set(name, await calibrate(contestants[name], pace));
  const slices = new Map<N, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < pace.rounds; round++)
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length] as N;
      slices.get(name)?.push(await slice(contestants[name], runs.get(name) ?? 1));
    }
  const taken = (name: N): Taken => ({
    cpuMicros: median(slices.get(name) ?? []),
    times: (other) => {
      const base = slices.get(other as N);
      if (!base) throw new Error(`${other} is not measured beside ${name}`);
      return median((slices.get(name) ?? []).map((micros, round) => micros / (base[round] ?? Number.NaN)));
    },
  });
  return Object.fromEntries(names.map((name) => [name, taken(name)])) as Record<N, Taken>;
}

/** Warms a contestant up, and finds how many runs fill one slice. */
async function calibrate(contestant: Contestant, { sliceMillis }: Pace): Promise<number> {
  let runs = 4;
  for (let warmedMillis = 0; ; ) {
    const micros = await slice(contestant, runs);
    warmedMillis += (micros * runs) / 1000;
    runs = Math.max(1, Math.round((sliceMillis * 1000) / Math.max(micros, 0.01)));
    if (warmedMillis >= (contestant.warmMillis ?? warmMillis)) return runs;
  }
}

/** CPU microseconds of one run. */
async function slice(contestant: Contestant, runs: number): Promise<number> {
  await contestant.prepare?.(runs);
  const cpu = process.cpuUsage();
  for (let run = 0; run < runs; run++) {
    const pending = contestant.run();
    if (pending instanceof Promise) await pending;
  }
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / runs;
}

/** What one long piece of work takes, once: by the process clock and by the wall's. */
export async function timed(
  work: () => Promise<unknown>,
): Promise<{ readonly cpuMillis: number; readonly millis: number }> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { cpuMillis: (user + system) / 1000, millis: performance.now() - started };
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Gives out things that were made beforehand, each once. */
export class Stock<T> {
  readonly #make: () => T;
  #things: T[] = [];

  constructor(make: () => T) {
    this.#make = make;
  }

  fill(count: number): void {
    this.#things = Array.from({ length: count }, this.#make);
  }

  take(): T {
    const thing = this.#things.pop();
    if (thing === undefined) throw new Error("more was taken than was made beforehand");
    return thing;
  }
}
