import { AsyncLocalStorage } from "node:async_hooks";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** How long one call may repeat requests to AWS, in milliseconds from its first repetition. */
const patienceMillis = 1_500;

interface CallPatience {
  readonly nowMillis: () => number;
  untilMillis?: number;
}

const calls = new AsyncLocalStorage<CallPatience>();

/**
 * Runs a call that somebody waits for with a common time limit for repeating its requests to AWS. Each request has
 * pauses of its own, and a throttled call makes several requests. Without the limit it would occupy its sandbox for the
 * sum of them, for seconds in which it answers nobody, and throttling would use up concurrency before it refuses a
 * call. A request's first try is always made.
 */
export const withPatience = <T>(work: () => T, nowMillis: () => number = () => performance.now()): T =>
  calls.run({ nowMillis }, work);

/**
 * Whether a failed request may be repeated after a pause. No pause begins that would exceed the limit. Always true in a
 * call that nobody waits for.
 */
export function mayRepeat(afterPauseMillis: number): boolean {
  const call = calls.getStore();
  if (!call) return true;
  const nowMillis = call.nowMillis();
  call.untilMillis ??= nowMillis + patienceMillis;
  return nowMillis + afterPauseMillis <= call.untilMillis;
}

/** Any client of the SDK, since all of them repeat in the same way. */
interface RetryingClient {
  readonly config: Pick<DynamoDBClient["config"], "retryStrategy" | "maxAttempts">;
}
type Strategy = Exclude<
  Awaited<ReturnType<RetryingClient["config"]["retryStrategy"]>>,
  { retry: (...given: never[]) => unknown }
>;

/** The SDK's own reserve of repetitions for one instance: while requests keep failing, they are no longer repeated. */
const reserve = 500;
const costOfOne = 5;
const firstPauseMillis = 100;

/**
 * Lets the SDK repeat requests within a call's limit, after short pauses, and throws AWS's last error when the limit is
 * reached. The SDK's own pauses for throttling (one second, then two and four) are left to the caller, who waits by
 * `Retry-After` without occupying a sandbox. In a call that nobody waits for, the SDK repeats as usual.
 * @param client changed in place
 * @returns the client
 */
export function patient<C extends RetryingClient>(client: C): C {
  const { config } = client;
  const own = config.retryStrategy;
  const short = shortPauses(config.maxAttempts);
  config.retryStrategy = async () => (calls.getStore() === undefined ? own() : short);
  return client;
}

function shortPauses(maxAttempts: () => Promise<number>): Strategy {
  let left = reserve;
  const token = (count: number, pauseMillis: number) => ({
    getRetryCount: () => count,
    getRetryDelay: () => pauseMillis,
  });
  return {
    acquireInitialRetryToken: async () => token(0, 0),
    async refreshRetryTokenForRetry(last, { errorType }) {
      const count = last.getRetryCount() + 1;
      const pauseMillis = Math.random() * firstPauseMillis * 2 ** (count - 1);
      const passing = errorType === "THROTTLING" || errorType === "TRANSIENT";
      if (!passing || count >= (await maxAttempts()) || left < costOfOne || !mayRepeat(pauseMillis))
        throw new Error("no more repetitions");
      left -= costOfOne;
      return token(count, pauseMillis);
    },
    recordSuccess(last) {
      left = Math.min(reserve, left + (last.getRetryCount() > 0 ? costOfOne : 1));
    },
  };
}
