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
  readonly config: Pick<DynamoDBClient["config"], "retryStrategy">;
}
type RetryStrategy = Awaited<ReturnType<RetryingClient["config"]["retryStrategy"]>>;
type PatientStrategy = Extract<RetryStrategy, { refreshRetryTokenForRetry: unknown }>;

/**
 * Binds the SDK's own repetitions to the call's patience. The error of the last try is thrown as if the SDK had none left.
 * @param client changed in place
 * @returns it
 */
export function patient<C extends RetryingClient>(client: C): C {
  const { config } = client;
  const strategyOf = config.retryStrategy;
  config.retryStrategy = async () => {
    const strategy = await strategyOf();
    return "refreshRetryTokenForRetry" in strategy ? bound(strategy) : strategy;
  };
  return client;
}

const bound = (strategy: PatientStrategy): PatientStrategy => ({
  ...("mode" in strategy ? { mode: strategy.mode } : {}),
  acquireInitialRetryToken: (scope) => strategy.acquireInitialRetryToken(scope),
  recordSuccess: (token) => strategy.recordSuccess(token),
  async refreshRetryTokenForRetry(token, failure) {
    const next = await strategy.refreshRetryTokenForRetry(token, failure);
    if (!mayRepeat(next.getRetryDelay())) throw new Error("the call's patience is over");
    return next;
  },
});
