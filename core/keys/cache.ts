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
  /** The publisher took everything back: what is held must not serve any longer, not even as stale. */
  readonly withdrawn?: true;
}

/** What is at hand after asking: a value fit for use, and why the newest fetch failed, where it did. */
export interface Taken<T> {
  readonly value?: T;
  readonly failure?: string;
}

/** A cache of what publishers of keys say. */
interface Cache<S, T> {
  /** What is held of `source`; asked for anew when it is no longer fresh or does not have what `wanted` looks for. */
  take(source: S, wanted: (value: T) => boolean): Promise<Taken<T>>;
}

/** How one kind of source is named and fetched. */
interface CacheKind<S, T> {
  readonly clock: Clock;
  /** Everything a fetch depends on: two sources of one name are one. */
  name(source: S): string;
  /** @param held what would still serve, for whoever must not go back behind it */
  bring(source: S, held: T | undefined): Promise<Result<Fetched<T>, FetchFault>>;
}

interface Held<T> {
  set?: { readonly value: T; readonly since: Moment; readonly freshMillis: number; readonly sequence: number };
  flight?: { readonly since: Moment; readonly done: Promise<void> };
  /** Start of the last fetch and how it went. */
  tried?: Moment;
  failure?: string;
}

/** A place for as many publishers as any registry sensibly trusts; beyond it the eldest goes. */
const heldMax = 1_000;
const seconds = 1_000;

/** Times are ages: a clock that is set back or ahead neither stops the fetching nor keeps a value alive. */
function usable<T>({ set }: Held<T>, clock: Clock): T | undefined {
  const usableMillis = (set?.freshMillis ?? 0) + limits.keySetStaleSeconds * seconds;
  return set && mostMillisSince(set.since, clock) < usableMillis ? set.value : undefined;
}

/**
 * Creates a cache of foreign keys. One fetch at a time a source; after each, a pause, whether it failed or did not
 * bring what was wanted: a storm of invented kids costs one fetch. A value is used beyond its age only while fetching
 * fails, and only so long; what replaces it drops its keys.
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
    // a sandbox frozen in mid-flight may wake with an old answer after a newer one
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

  /** Fetches unless one is under way (then joins it) or the last began too short a time ago. */
  const refresh = async (held: Held<T>, source: S): Promise<void> => {
    const { clock } = kind;
    const { flight, tried } = held;
    // two documents, each within its timeout; a flight older than that was frozen with its sandbox
    if (flight && mostMillisSince(flight.since, clock) <= 2 * limits.fetchTimeoutMillis) return flight.done;
    // who is refused for a failure is told when to come back, and must find it tried anew then
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
