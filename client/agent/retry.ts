import { LanyardError } from "../error.ts";

/** Most tries, and the longest pause between two: after that the caller is told of the failure. */
const mostTries = 4;
const longestPauseSeconds = 5;

/**
 * Repeats work that was answered 503 with Retry-After (RFC 9110 10.2.3): the service could not decide and named a time
 * to try again. Any other failure goes to the caller, and so does a 503 that persists.
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
