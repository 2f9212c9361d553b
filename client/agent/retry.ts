import { LanyardError } from "../error.ts";

/** Tries in all, and the longest pause between two that is waited for: a caller would rather know than wait longer. */
const mostTries = 4;
const longestPauseSeconds = 5;

/**
 * Does again what was answered 503 with Retry-After (RFC 9110 10.2.3): the service could not decide and said when it
 * may. Anything else is the caller's to evaluate, and so is a service that keeps saying so.
 * @param work one whole try, with proofs of its own: a used proof would be refused as a replay
 * @throws LanyardError of the last try
 */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const pauseSeconds = error instanceof LanyardError && error.status === 503 ? error.retryAfterSeconds : undefined;
      if (pauseSeconds === undefined || pauseSeconds > longestPauseSeconds || tries >= mostTries) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseSeconds * 1000));
    }
  }
}
