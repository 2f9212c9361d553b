import type { Clock } from "./ports.ts";

/** When something was taken in, by both of a machine's clocks. */
export interface Moment {
  readonly wallMillis: number;
  readonly steadyMillis: number | undefined;
}

/** Now, to be asked about later. */
export const momentOf = (clock: Clock): Moment => ({
  wallMillis: clock.nowMillis(),
  steadyMillis: clock.steadyMillis?.(),
});

/**
 * The most that may have passed since, in milliseconds: what is cached counts as so old. A wall clock that is set back
 * would keep a stale key, list or token alive for as long as it went back, and a pause going; a steady clock stands still
 * while a sandbox is frozen. So it is the longer of both, and without end where the wall clock is now before that moment.
 */
export function mostMillisSince(moment: Moment, clock: Clock): number {
  const wallMillis = clock.nowMillis() - moment.wallMillis;
  return wallMillis < 0 ? Number.POSITIVE_INFINITY : Math.max(wallMillis, steadyMillisSince(moment, clock) ?? 0);
}

/**
 * The least that may have passed since, in milliseconds: what is given up for its age is given up only then, or a wall
 * clock that jumps ahead would end what still lives.
 */
export function leastMillisSince(moment: Moment, clock: Clock): number {
  const wallMillis = Math.max(0, clock.nowMillis() - moment.wallMillis);
  return Math.min(wallMillis, steadyMillisSince(moment, clock) ?? wallMillis);
}

function steadyMillisSince({ steadyMillis }: Moment, clock: Clock): number | undefined {
  const now = clock.steadyMillis?.();
  return now === undefined || steadyMillis === undefined ? undefined : now - steadyMillis;
}
