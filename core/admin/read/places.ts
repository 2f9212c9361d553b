import type { Session } from "../../model/session.ts";
import type { AdminReadDeps } from "./route.ts";
import type { FoundPlace, PlaceMark } from "./session-queries.ts";

/** The later of two places: a forged cursor cannot reach back before the beginning of the list. */
export const laterOf = (place: FoundPlace | undefined, first: PlaceMark): PlaceMark =>
  place && place.endSeconds > first.endSeconds ? place : first;

/**
 * One page of a subject's sessions; `last` where there are more. A renewal leaves a row under the former end; the
 * session is listed once, at its present end.
 */
export async function readPlaces(
  { subject, after, limit }: { readonly subject: string; readonly after: PlaceMark; readonly limit: number },
  { queries }: AdminReadDeps,
): Promise<{ readonly sessions: readonly Session[]; readonly last?: FoundPlace }> {
  const places = await queries.places(subject, after, limit + 1);
  const page = places.slice(0, limit);
  const ends = new Map(page.map(({ root, sid, endSeconds }) => [`${root} ${sid} ${endSeconds}`, true]));
  const rows = await queries.sessions(page);
  const sessions = rows.filter(({ root, sid, expiresAtSeconds }) => ends.has(`${root} ${sid} ${expiresAtSeconds}`));
  const last = page.at(-1);
  return { sessions, ...(places.length > limit && last ? { last } : {}) };
}
