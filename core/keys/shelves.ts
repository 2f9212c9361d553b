import { type Moment, momentOf, mostMillisSince } from "../model/age.ts";
import { limits } from "../model/limits.ts";
import type { Clock } from "../model/ports.ts";
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
export interface Shelves<S, T> {
  /** What is held of `source`; asked for anew when it is no longer fresh or does not have what `wanted` looks for. */
  take(source: S, wanted: (value: T) => boolean): Promise<Taken<T>>;
}

/** How one kind of source is named and fetched. */
export interface ShelfKind<S, T> {
  readonly clock: Clock;
  /** Everything a fetch depends on: two sources of one name are one. */
  name(source: S): string;
  /** @param held what would still serve, for whoever must not go back behind it */
  bring(source: S, held: T | undefined): Promise<Result<Fetched<T>, FetchFault>>;
}

interface Shelf<T> {
  set?: { readonly value: T; readonly since: Moment; readonly freshMillis: number; readonly sequence: number };
  flight?: { readonly since: Moment; readonly done: Promise<void> };
  /** Start of the last fetch and how it went. */
  tried?: Moment;
  failure?: string;
}

/** A place for as many publishers as any registry sensibly trusts; beyond it the eldest goes. */
const shelvesMax = 1_000;
const seconds = 1_000;

/** Times of a shelf are ages: a clock that is set back or ahead neither stops the fetching nor keeps a value alive. */
function usable<T>({ set }: Shelf<T>, clock: Clock): T | undefined {
  const usableMillis = (set?.freshMillis ?? 0) + limits.keySetStaleSeconds * seconds;
  return set && mostMillisSince(set.since, clock) < usableMillis ? set.value : undefined;
}

/**
 * Creates a cache of foreign keys. One fetch at a time a source; after each, a pause, whether it failed or did not
 * bring what was wanted: a storm of invented kids costs one fetch. A value is used beyond its age only while fetching
 * fails, and only so long; what replaces it drops its keys.
 */
export function createShelves<S, T>(kind: ShelfKind<S, T>): Shelves<S, T> {
  const shelves = new Map<string, Shelf<T>>();
  let sequence = 0;

  const shelfOf = (source: S): Shelf<T> => {
    const name = kind.name(source);
    const known = shelves.get(name);
    if (known) return known;
    const eldest = shelves.keys().next().value;
    if (shelves.size >= shelvesMax && eldest !== undefined) shelves.delete(eldest);
    const shelf: Shelf<T> = {};
    shelves.set(name, shelf);
    return shelf;
  };

  const fetchInto = async (shelf: Shelf<T>, source: S, since: Moment): Promise<void> => {
    const mine = ++sequence;
    const fetched = await kind.bring(source, usable(shelf, kind.clock));
    // a sandbox frozen in mid-flight may wake with an old answer after a newer one
    if (mine < (shelf.set?.sequence ?? 0)) return;
    if (!fetched.ok) {
      shelf.failure = fetched.error.why;
      if (fetched.error.withdrawn) delete shelf.set;
      return;
    }
    delete shelf.failure;
    const { value, ageSeconds } = fetched.value;
    const age = Math.min(Math.max(ageSeconds, limits.keySetAgeMinSeconds), limits.keySetAgeMaxSeconds);
    shelf.set = { value, since, freshMillis: age * seconds, sequence: mine };
  };

  /** Fetches unless one is under way (then joins it) or the last began too short a time ago. */
  const refresh = async (shelf: Shelf<T>, source: S): Promise<void> => {
    const { clock } = kind;
    const { flight, tried } = shelf;
    // two documents, each within its timeout; a flight older than that was frozen with its sandbox
    if (flight && mostMillisSince(flight.since, clock) <= 2 * limits.fetchTimeoutMillis) return flight.done;
    // who is refused for a failure is told when to come back, and must find it tried anew then
    const pauseSeconds = shelf.failure === undefined ? limits.keySetPauseSeconds : limits.retryAfterSeconds;
    if (tried && mostMillisSince(tried, clock) < pauseSeconds * seconds) return;
    const since = momentOf(clock);
    shelf.tried = since;
    const done = fetchInto(shelf, source, since).finally(() => {
      if (shelf.flight?.since === since) delete shelf.flight;
    });
    shelf.flight = { since, done };
    return done;
  };

  return {
    take: async (source, wanted) => {
      const shelf = shelfOf(source);
      const { set } = shelf;
      const fresh = set && mostMillisSince(set.since, kind.clock) < set.freshMillis;
      if (!fresh || !wanted(set.value)) await refresh(shelf, source);
      const value = usable(shelf, kind.clock);
      const { failure } = shelf;
      return { ...(value === undefined ? {} : { value }), ...(failure === undefined ? {} : { failure }) };
    },
  };
}
