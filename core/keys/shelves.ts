import { limits } from "../limits.ts";
import type { Clock } from "../ports.ts";
import type { Result } from "../result.ts";

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

/** Times in milliseconds. */
interface Shelf<T> {
  set?: { readonly value: T; readonly since: number; readonly freshUntil: number; readonly sequence: number };
  flight?: { readonly since: number; readonly done: Promise<void> };
  /** Start of the last fetch and how it went. */
  tried?: number;
  failure?: string;
}

/** A place for as many publishers as any registry sensibly trusts; beyond it the eldest goes. */
const shelvesMax = 1_000;
const seconds = 1_000;

function usable<T>(shelf: Shelf<T>, now: number): T | undefined {
  const { set } = shelf;
  return set && now < set.freshUntil + limits.keySetStaleSeconds * seconds && now >= set.since ? set.value : undefined;
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

  const fetchInto = async (shelf: Shelf<T>, source: S, since: number): Promise<void> => {
    const mine = ++sequence;
    const fetched = await kind.bring(source, usable(shelf, since));
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
    shelf.set = { value, since, freshUntil: since + age * seconds, sequence: mine };
  };

  /** Fetches unless one is under way (then joins it) or the last began too short a time ago. */
  const refresh = async (shelf: Shelf<T>, source: S): Promise<void> => {
    const now = kind.clock.nowMillis();
    const { flight } = shelf;
    // two documents, each within its timeout; a flight older than that was frozen with its sandbox
    if (flight && now - flight.since <= 2 * limits.fetchTimeoutMillis) return flight.done;
    // who is refused for a failure is told when to come back, and must find it tried anew then
    const pauseSeconds = shelf.failure === undefined ? limits.keySetPauseSeconds : limits.retryAfterSeconds;
    if (shelf.tried !== undefined && now - shelf.tried < pauseSeconds * seconds) return;
    shelf.tried = now;
    const done = fetchInto(shelf, source, now).finally(() => {
      if (shelf.flight?.since === now) delete shelf.flight;
    });
    shelf.flight = { since: now, done };
    return done;
  };

  return {
    take: async (source, wanted) => {
      const shelf = shelfOf(source);
      const now = kind.clock.nowMillis();
      const fresh = shelf.set && now < shelf.set.freshUntil && now >= shelf.set.since;
      if (!fresh || !shelf.set || !wanted(shelf.set.value)) await refresh(shelf, source);
      const value = usable(shelf, kind.clock.nowMillis());
      const { failure } = shelf;
      return { ...(value === undefined ? {} : { value }), ...(failure === undefined ? {} : { failure }) };
    },
  };
}
