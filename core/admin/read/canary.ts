import { type CanaryPlace, type CanaryRun, canaryPlaces } from "../../model/canary.ts";
import { ok } from "../../model/result.ts";
import type { Route } from "./route.ts";

/** How far back runs are looked at. */
const daySeconds = 86_400;

/**
 * `GET /canary`: how long what the revocation canary revoked within a day still worked, place by place. `watches` is
 * false in a stage without one.
 */
export const canaryRoute: Route = {
  template: "/canary",
  pattern: /^\/canary$/,
  parameters: [],
  async answer({ nowSeconds }, { canary }) {
    const runs = (await canary?.since((nowSeconds - daySeconds) * 1_000)) ?? [];
    const newest = Math.max(...runs.map(({ atMillis }) => atMillis));
    return ok({
      watches: canary !== undefined,
      ...(runs.length === 0 ? {} : { newestAtSeconds: Math.floor(newest / 1_000) }),
      places: canaryPlaces.flatMap((place) => timesAt(place, runs)),
    });
  },
};

/** Times of one place; nothing where no run looked there. */
function timesAt(place: CanaryPlace, runs: readonly CanaryRun[]) {
  const millis = runs.flatMap(({ refusedAfterMillis }) => refusedAfterMillis[place] ?? []).sort((a, b) => a - b);
  if (millis.length === 0) return [];
  // by nearest rank: a time that was measured, never one between two
  const at = (share: number) => millis[Math.ceil(share * millis.length) - 1];
  return [{ place, runs: millis.length, p50Millis: at(0.5), p99Millis: at(0.99), maxMillis: at(1) }];
}
