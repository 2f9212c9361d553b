/** What callers come for. */
export const operations = ["attest", "open", "access", "introspect", "revoke"] as const;
export type Operation = (typeof operations)[number];

/** How often each operation is come for, as parts of their sum. */
export type Mix = Readonly<Record<Operation, number>>;

/** One caller comes. */
export interface Arrival {
  /** Milliseconds since the run began. */
  readonly atMillis: number;
  readonly operation: Operation;
}

/** What is asked of a run. */
interface Plan {
  /** Arrivals a second, on average. */
  readonly rate: number;
  readonly seconds: number;
  readonly mix: Mix;
  /** From 0 up to 1. */
  readonly draw: () => number;
}

/**
 * When who comes: a Poisson process, laid out before the run begins, so that nothing in it can depend on how quickly
 * anything is answered. Callers of a slow service come all the same.
 */
export function planArrivals({ rate, seconds, mix, draw }: Plan): readonly Arrival[] {
  const arrivals: Arrival[] = [];
  for (let atMillis = gapMillis(rate, draw); atMillis < seconds * 1000; atMillis += gapMillis(rate, draw))
    arrivals.push({ atMillis, operation: pick(mix, draw) });
  return arrivals;
}

/** Between two arrivals of a Poisson process: exponential. */
const gapMillis = (rate: number, draw: () => number): number => (-Math.log(1 - draw()) / rate) * 1000;

function pick(mix: Mix, draw: () => number): Operation {
  let left = draw() * operations.reduce((sum, operation) => sum + mix[operation], 0);
  for (const operation of operations) {
    if (left < mix[operation]) return operation;
    left -= mix[operation];
  }
  // what rounding leaves over, to whatever is wanted at all
  return operations.findLast((operation) => mix[operation] > 0) ?? "introspect";
}
