import { limits } from "../model/limits.ts";
import { type Clock, type Moment, momentOf, mostMillisSince } from "../model/ports.ts";
import type { Result } from "../model/result.ts";

/** What was fetched and how long it is fresh, in seconds. */
export interface Fetched<T> {
  readonly value: T;
  readonly ageSeconds: number;
}

/** Why nothing was fetched. */
export interface FetchFault {
  readonly why: string;
  /** The publisher withdrew everything: the held value must not be used any longer, not even while fetching fails. */
  readonly withdrawn?: true;
}

/** What is at hand after asking: a usable value, and why the newest fetch failed, where it did. */
export interface Taken<T> {
  readonly value?: T;
  readonly failure?: string;
}

/** A cache of what the publishers of keys publish. */
interface Cache<S, T> {
  /** What is held of `source`. It is fetched again when it is no longer fresh, or lacks what `wanted` looks for. */
  take(source: S, wanted: (value: T) => boolean): Promise<Taken<T>>;
}

/** How one kind of source is named and fetched. */
interface CacheKind<S, T> {
  readonly clock: Clock;
  /** Everything that a fetch depends on. Two sources of the same name share one entry. */
  name(source: S): string;
  /** @param held the value that is still usable, so that a source can refuse an older one */
  bring(source: S, held: T | undefined): Promise<Result<Fetched<T>, FetchFault>>;
}

interface Held<T> {
  set?: { readonly value: T; readonly since: Moment; readonly freshMillis: number; readonly sequence: number };
  flight?: { readonly since: Moment; readonly done: Promise<void> };
  /** When the last fetch began, and why it failed, if it did. */
  tried?: Moment;
  failure?: string;
}

/** More publishers than any sensible registry trusts. Beyond it the oldest entry is dropped. */
const heldMax = 1_000;
const seconds = 1_000;

/**
 * The value while it is usable. Ages are measured by both clocks, so that a clock that is set back or ahead neither
 * stops fetching nor keeps a value alive.
 */
function usable<T>({ set }: Held<T>, clock: Clock): T | undefined {
  const usableMillis = (set?.freshMillis ?? 0) + limits.keySetStaleSeconds * seconds;
  return set && mostMillisSince(set.since, clock) < usableMillis ? set.value : undefined;
}

/**
 * Creates a cache of foreign keys. Each source has one fetch at a time, and a pause after it, whether it failed or
 * lacked what was wanted: a flood of invented kids costs one fetch. A value is used beyond its age only while fetching
 * fails, and only for a bounded time. A new value replaces the old one with all its keys.
 */
export function createCache<S, T>(kind: CacheKind<S, T>): Cache<S, T> {
  const cache = new Map<string, Held<T>>();
  let sequence = 0;

  const heldOf = (source: S): Held<T> => {
    const name = kind.name(source);
    const known = cache.get(name);
    if (known) return known;
    const eldest = cache.keys().next().value;
    if (cache.size >= heldMax && eldest !== undefined) cache.delete(eldest);
    const held: Held<T> = {};
    cache.set(name, held);
    return held;
  };

  const fetchInto = async (held: Held<T>, source: S, since: Moment): Promise<void> => {
    const mine = ++sequence;
    const fetched = await kind.bring(source, usable(held, kind.clock));
    // a sandbox that was frozen during a fetch may resume with an old answer after a newer one was stored
    if (mine < (held.set?.sequence ?? 0)) return;
    if (!fetched.ok) {
      held.failure = fetched.error.why;
      if (fetched.error.withdrawn) delete held.set;
      return;
    }
    delete held.failure;
    const { value, ageSeconds } = fetched.value;
    const age = Math.min(Math.max(ageSeconds, limits.keySetAgeMinSeconds), limits.keySetAgeMaxSeconds);
    held.set = { value, since, freshMillis: age * seconds, sequence: mine };
  };

  /** Fetches unless one is under way (then it waits for that one) or the last one began too recently. */
  const refresh = async (held: Held<T>, source: S): Promise<void> => {
    const { clock } = kind;
    const { flight, tried } = held;
    // a fetch reads two documents, each within its timeout; an older fetch was frozen together with its sandbox
    if (flight && mostMillisSince(flight.since, clock) <= 2 * limits.fetchTimeoutMillis) return flight.done;
    // a caller that is refused for a failure is told when to come back, and must then cause a new attempt
    const pauseSeconds = held.failure === undefined ? limits.keySetPauseSeconds : limits.retryAfterSeconds;
    if (tried && mostMillisSince(tried, clock) < pauseSeconds * seconds) return;
    const since = momentOf(clock);
    held.tried = since;
    const done = fetchInto(held, source, since).finally(() => {
      if (held.flight?.since === since) delete held.flight;
    });
    held.flight = { since, done };
    return done;
  };

  return {
    take: async (source, wanted) => {
      const held = heldOf(source);
      const { set } = held;
      const fresh = set && mostMillisSince(set.since, kind.clock) < set.freshMillis;
      if (!fresh || !wanted(set.value)) await refresh(held, source);
      const value = usable(held, kind.clock);
      const { failure } = held;
      return { ...(value === undefined ? {} : { value }), ...(failure === undefined ? {} : { failure }) };
    },
  };
}
