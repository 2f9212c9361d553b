/** Limits within a process: they count only while its event loop runs, so that a starved process is not cut short. */
import { longStopMillis } from "./long-stop.ts";

const tickMillis = 50;

/**
 * Counts the time during which the event loop of this process runs. A tick that comes late was kept waiting, by other
 * processes or by long work of this one, and counts as one tick.
 * @param limitMillis such time, in milliseconds
 * @param onOver called once, when it is used up or the long stop of wall time is reached
 * @param hold false lets the process end while it counts
 * @returns ends the count
 */
export function limitLoop(limitMillis: number, onOver: () => void, { hold = true } = {}): () => void {
  const startedMillis = performance.now();
  const stopMillis = longStopMillis(limitMillis);
  let counted = 0;
  let last = startedMillis;
  const timer = setInterval(
    () => {
      const now = performance.now();
      counted += Math.min(now - last, 2 * tickMillis);
      last = now;
      if (counted < limitMillis && now - startedMillis < stopMillis) return;
      clearInterval(timer);
      onOver();
    },
    Math.min(tickMillis, limitMillis),
  );
  if (!hold) timer.unref();
  return () => clearInterval(timer);
}

/**
 * Waits for work, but not for ever.
 * @param limitMillis time of the event loop, in milliseconds
 * @returns what the work came to; undefined when the time was up first
 */
export async function withinLoop<T>(work: Promise<T>, limitMillis: number): Promise<T | undefined> {
  let end = (): void => undefined;
  const limit = new Promise<undefined>((resolve) => {
    end = limitLoop(limitMillis, () => resolve(undefined));
  });
  return Promise.race([work, limit]).finally(end);
}
