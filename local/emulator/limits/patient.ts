/** Work that passes on a slow machine when it is tried again: it is, within a bound. */
import { limitLoop } from "./loop.ts";

/** How long something that says it may pass is tried again, in milliseconds of this process's own time. */
const patienceMillis = 300_000;
const pauseMillis = 1_000;

/**
 * Does work until it succeeds or fails for good.
 * @param passes whether a failure says of itself that it may pass
 * @param limitMillis time of the event loop, in milliseconds, after which the next failure counts
 */
export async function untilItPasses<T>(
  work: () => Promise<T>,
  passes: (failure: unknown) => boolean,
  limitMillis = patienceMillis,
): Promise<T> {
  let over = false;
  const end = limitLoop(
    limitMillis,
    () => {
      over = true;
    },
    { hold: false },
  );
  try {
    for (;;) {
      try {
        return await work();
      } catch (failure) {
        if (over || !passes(failure)) throw failure;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMillis, limitMillis)));
    }
  } finally {
    end();
  }
}

/**
 * The platform's fetch for callers on this machine: their own limits of wall time would only say that it is busy. Each
 * function behind it has its limits; this one ends what hangs.
 */
export const patientFetch: typeof fetch = async (url, init) => {
  const controller = new AbortController();
  const timedOut = new DOMException("no answer in all this time", "TimeoutError");
  const end = limitLoop(patienceMillis, () => controller.abort(timedOut), { hold: false });
  try {
    return await fetch(url, { ...init, signal: controller.signal });
  } finally {
    end();
  }
};
