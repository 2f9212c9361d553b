import { limits } from "../model/limits.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";
import type { PublishStore } from "./publish-store.ts";
import { openWindows, statusListOf, windowEndsAtSeconds, windowsThrough } from "./windows.ts";

/** Free places below which the next list of a window is signed in advance, so that no token names a list nobody can fetch. */
const placesAhead = limits.statusListSize / 4;

/**
 * Lists that a token may name before the next run. They cover every window in which a session may end by then (by the
 * longest life that the registry allows), the next hour, and every window up to the one after the furthest in use. A
 * registry applied since may reach further: then the first session there is refused, and the next run finds its lease.
 * In each window they go up to the list that the next leases may reach.
 */
export async function openLists(deps: {
  readonly clock: Clock;
  readonly store: Pick<PublishStore, "leased" | "longestLifeSeconds">;
}): Promise<readonly string[]> {
  const now = nowSeconds(deps.clock);
  const until = now + limits.statusListLifeSeconds;
  const windows = windowsThrough(now, until + limits.sessionLifeMaxSeconds);
  const leased = await Promise.all(windows.map((window) => deps.store.leased(window)));
  const furthest = leased.findLastIndex((count) => count > 0);
  const longest = (await deps.store.longestLifeSeconds()) ?? limits.sessionLifeSeconds;
  const reached = windowsThrough(now, until + Math.min(longest, limits.sessionLifeMaxSeconds)).length;
  return windows.slice(0, Math.max(furthest + 2, reached, 2)).flatMap((window, i) => {
    const last = Math.floor(((leased[i] ?? 0) + placesAhead) / limits.statusListSize);
    return Array.from({ length: last + 1 }, (_, n) => statusListOf(window, n * limits.statusListSize).list);
  });
}

/**
 * When the last token that may have been issued until now expires. Every session has a place in a list of the hour it
 * ends in, and no token outlives its session. So the last hour with a leased place is the bound, whatever registry the
 * token was issued under.
 */
export async function lastTokenEnds(deps: {
  readonly clock: Clock;
  readonly store: Pick<PublishStore, "leased">;
}): Promise<number> {
  const now = nowSeconds(deps.clock);
  const windows = openWindows(now);
  const leased = await Promise.all(windows.map((window) => deps.store.leased(window)));
  const furthest = windows[leased.findLastIndex((count) => count > 0)];
  return furthest === undefined ? now + limits.accessTokenLifeSeconds : windowEndsAtSeconds(furthest);
}
