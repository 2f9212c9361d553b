import { setTimeout as wait } from "node:timers/promises";

/** What is held against each other: how many are under way, and what time it is. */
interface Ground<A> {
  /** Milliseconds of a clock that only moves on. */
  readonly nowMillis: () => number;
  readonly sleep?: (millis: number) => Promise<unknown>;
  /** Most that may be under way at one time. */
  readonly mostInFlight: number;
  /** Serves one arrival, in its own time. */
  serve(arrival: A): Promise<void>;
  /** Told of an arrival that found all places taken: it is turned away, never kept waiting out of sight. */
  shed(arrival: A): void;
}

/**
 * Starts each arrival at its time, however many before it are still under way: nothing waits for an answer before the
 * next is sent, so that a service that stands still is seen by everybody who would have come meanwhile (no coordinated
 * omission). Ends when the last that was started has ended.
 * @param startMillis of the run, by the same clock; each is due so long after
 */
export async function openLoop<A extends { readonly atMillis: number }>(
  arrivals: readonly A[],
  startMillis: number,
  { nowMillis, sleep = wait, mostInFlight, serve, shed }: Ground<A>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  for (const arrival of arrivals) {
    const earlyMillis = startMillis + arrival.atMillis - nowMillis();
    if (earlyMillis > 0) await sleep(earlyMillis);
    if (underWay.size >= mostInFlight) {
      shed(arrival);
      continue;
    }
    const one: Promise<void> = serve(arrival).finally(() => underWay.delete(one));
    underWay.add(one);
  }
  await Promise.all(underWay);
}
