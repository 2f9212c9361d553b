import { limits } from "../model/limits.ts";
import { type Clock, type Moment, momentOf, mostMillisSince } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";

/** A document that is fetched when it is needed and believed only while it is fresh. */
export interface FreshDocument<T> {
  /** The document while it is fresh, else a new one; why there is none otherwise. */
  get(): Promise<Result<T, string>>;
  /** A new copy, unless one was asked for less than the cool-down ago: then what is held. */
  renew(): Promise<Result<T, string>>;
}

/** How one document is fetched and how long it is believed. */
interface FreshDocumentInput<T> {
  /** Fetches and checks it. `held` is what it replaces. */
  readonly load: (held: T | undefined) => Promise<Result<{ readonly value: T; readonly lifeSeconds: number }, string>>;
  readonly clock: Clock;
  /** Least time between two fetches that were not caused by age: failures and unknown keys must not become a flood. */
  readonly coolDownMillis: number;
}

/**
 * One fetch at a time, however many ask (single flight); a failure is remembered for the cool-down, but no longer than
 * the `Retry-After` of the refusal that it causes; past half its life
 * a document is renewed behind the answer, so that requests seldom wait. Nothing stale is ever served: what cannot be
 * renewed refuses, since a stale key set or status list is how a revocation gets undone.
 */
export function createFreshDocument<T>(input: FreshDocumentInput<T>): FreshDocument<T> {
  const { clock, coolDownMillis } = input;
  let held: { readonly value: T; readonly since: Moment; readonly lifeMillis: number } | undefined;
  let started: Moment | undefined;
  let failed: { readonly why: string; readonly at: Moment } | undefined;
  let flight: Promise<Result<T, string>> | undefined;

  const load = async (): Promise<Result<T, string>> => {
    // the life counts from before the fetch: a slow answer must not stretch it
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
  // who is refused for a failure is told when to come back, and must find it tried anew then
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
