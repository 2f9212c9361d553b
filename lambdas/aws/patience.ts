import { AsyncLocalStorage } from "node:async_hooks";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** How long one call goes on asking AWS again, from the first time that it was told to. */
const patienceMillis = 1_500;

interface CallPatience {
  readonly nowMillis: () => number;
  untilMillis?: number;
}

const calls = new AsyncLocalStorage<CallPatience>();

/**
 * Runs a call that somebody waits for with one patience for all its requests to AWS. Each request has pauses of its own,
 * and a throttled call has several requests: without this it would hold its sandbox for their sum, seconds in which it
 * answers nobody, and throttling would cost concurrency before it costs an answer. A request's first try is always made.
 */
export const withPatience = <T>(work: () => T, nowMillis: () => number = () => performance.now()): T =>
  calls.run({ nowMillis }, work);

/**
 * Whether a request that failed may be repeated after a pause; no pause is begun that would outlast the patience.
 * Always, in a call that nobody waits for.
 */
export function mayRepeat(afterPauseMillis: number): boolean {
  const call = calls.getStore();
  if (!call) return true;
  const nowMillis = call.nowMillis();
  call.untilMillis ??= nowMillis + patienceMillis;
  return nowMillis + afterPauseMillis <= call.untilMillis;
}

/** Any client of the SDK: what repeats is the same in all. */
interface RetryingClient {
  readonly config: Pick<DynamoDBClient["config"], "retryStrategy" | "maxAttempts">;
}
type Strategy = Exclude<
  Awaited<ReturnType<RetryingClient["config"]["retryStrategy"]>>,
  { retry: (...given: never[]) => unknown }
>;

/** The SDK's own reserve of repetitions, for one instance: what fails for long is no longer asked twice. */
const reserve = 500;
const costOfOne = 5;
const firstPauseMillis = 100;

/**
 * Lets the SDK repeat within a call's patience, after short pauses, and throw what AWS said last when it is over. The
 * second that the SDK itself would pause when it is throttled, and two and four after that, is the caller's to wait by
 * `Retry-After`, and not a sandbox's. Where nobody waits, the SDK repeats as it always does.
 * @param client changed in place
 * @returns it
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
