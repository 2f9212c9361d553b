import { limits } from "../model/limits.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";
import type { PublishStore } from "./publish-store.ts";
import { openWindows, statusListOf, windowEndsAtSeconds, windowsThrough } from "./windows.ts";

/** Free places below which the next list of a window is signed in advance, so that no token names a list nobody can fetch. */
const placesAhead = limits.statusListSize / 4;

/**
 * Lists that a token may name before the next run: of every window that the longest life of the registry reaches until
 * then, of the next hour, and of every one up to one beyond the furthest in use (a registry applied since may reach further: the first
 * session there is refused, and its lease tells us), up to the list that the next leases may reach.
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
 * When the last token is over that may have been issued until now. Every session has a place in a list of the hour it ends
 * in, and no token outlives its session: whatever registry it was issued under, the last hour with a leased place bounds it.
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
