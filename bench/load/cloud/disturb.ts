import type { LoadedCloud } from "./link.ts";

/** Calls that are throttled at the least, however few come in time: a run that nothing disturbed proves nothing. */
const leastCalls = 20;

/** When and how much is throttled. */
interface Disturbance {
  /** Milliseconds of the run; undefined throttles nothing. */
  readonly between: readonly [number, number] | undefined;
  /** Part of the calls. */
  readonly share: number;
  readonly seed: number;
}

/**
 * Switches the throttling on and off at its times.
 * @param startMillis of the run, by the clock of `performance`
 */
export function throttleBetween(cloud: LoadedCloud, startMillis: number, { between, share, seed }: Disturbance) {
  const orders: Promise<unknown>[] = [];
  const due = (millis: number) => Math.max(0, startMillis + millis - performance.now());
  const timers =
    between === undefined
      ? []
      : [
          setTimeout(() => orders.push(cloud.order({ do: "throttle", share, seed })), due(between[0])),
          setTimeout(() => orders.push(cloud.order({ do: "stop throttling", after: leastCalls })), due(between[1])),
        ];
  return {
    /** Ends it, begun or not; how many calls were throttled. */
    async end(): Promise<number> {
      for (const timer of timers) clearTimeout(timer);
      const { throttledCalls = 0 } = await cloud.order({ do: "stop throttling", after: 0 });
      await Promise.all(orders);
      return throttledCalls;
    },
  };
}
