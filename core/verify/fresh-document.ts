import { limits } from "../model/limits.ts";
import { type Clock, type Moment, momentOf, mostMillisSince } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";

/** A document that is fetched when it is needed and used only while it is fresh. */
export interface FreshDocument<T> {
  /** The document while it is fresh, else a new copy, or why there is none. */
  get(): Promise<Result<T, string>>;
  /** A new copy, unless one was fetched less than the cool-down ago: then the one that is held. */
  renew(): Promise<Result<T, string>>;
}

/** How one document is fetched and how long it is used. */
interface FreshDocumentInput<T> {
  /** Fetches and checks it. `held` is what it replaces. */
  readonly load: (held: T | undefined) => Promise<Result<{ readonly value: T; readonly lifeSeconds: number }, string>>;
  readonly clock: Clock;
  /**
   * Shortest time between two fetches that were not caused by age, so that failures and unknown keys cannot cause a
   * flood of fetches.
   */
  readonly coolDownMillis: number;
}

/**
 * Runs one fetch at a time, however many callers ask. A failure is remembered for the cool-down, but no longer than the
 * `Retry-After` of the refusal it causes. Past half its life a document is renewed after the answer, so that requests
 * seldom wait. Nothing stale is ever given out: when a document cannot be renewed the request is refused, since a stale
 * key set or status list would undo a revocation.
 */
export function createFreshDocument<T>(input: FreshDocumentInput<T>): FreshDocument<T> {
  const { clock, coolDownMillis } = input;
  let held: { readonly value: T; readonly since: Moment; readonly lifeMillis: number } | undefined;
  let started: Moment | undefined;
  let failed: { readonly why: string; readonly at: Moment } | undefined;
  let flight: Promise<Result<T, string>> | undefined;

  const load = async (): Promise<Result<T, string>> => {
    // the life counts from before the fetch, so that a slow answer does not prolong it
    const since = momentOf(clock);
    started = since;
    let loaded: Awaited<ReturnType<typeof input.load>>;
    try {
      loaded = await input.load(held?.value);
    } catch (cause) {
      loaded = err(cause instanceof Error ? cause.message : "the fetch failed");
    }
    failed = loaded.ok ? undefined : { why: loaded.error, at: momentOf(clock) };
    if (!loaded.ok) return loaded;
    const { value, lifeSeconds } = loaded.value;
    held = { value, since, lifeMillis: lifeSeconds * 1000 };
    return ok(value);
  };
  const fly = (): Promise<Result<T, string>> => {
    flight ??= load().finally(() => {
      flight = undefined;
    });
    return flight;
  };
  // a caller that is refused for a failure is told when to come back, and must then cause a new attempt
  const failureMillis = Math.min(coolDownMillis, limits.retryAfterSeconds * 1000);
  const recentFailure = () => (failed && mostMillisSince(failed.at, clock) < failureMillis ? failed : undefined);
  const fresh = () => (held && mostMillisSince(held.since, clock) < held.lifeMillis ? held : undefined);

  return {
    async get() {
      const document = fresh();
      const failure = recentFailure();
      if (!document) return failure && !flight ? err(failure.why) : fly();
      if (mostMillisSince(document.since, clock) >= document.lifeMillis / 2 && !failure) void fly();
      return ok(document.value);
    },
    async renew() {
      const document = fresh();
      const pauseMillis = failed ? failureMillis : coolDownMillis;
      const tooSoon = started !== undefined && mostMillisSince(started, clock) < pauseMillis;
      if (flight || !tooSoon) return fly();
      return document ? ok(document.value) : err(failed?.why ?? "asked for again too soon");
    },
  };
}
