import { limits } from "../model/limits.ts";

/**
 * Status lists are divided by the hour in which sessions end: window `yyyymmddhh` (UTC), list `<window>-<n>`. Positions
 * are counted through all lists of a window, so that any number of sessions may end in one hour.
 */
export const windowOf = (expiresAtSeconds: number): string =>
  new Date(expiresAtSeconds * 1000).toISOString().slice(0, 13).replace(/[-T]/g, "");

/**
 * Whether a place in this list serves a session that ends at `expiresAtSeconds`. If not, a renewal needs another place.
 */
export const listCovers = (list: string, expiresAtSeconds: number): boolean =>
  parseList(list)?.window === windowOf(expiresAtSeconds);

/** The second at which a window is over: all its sessions have ended by then. */
export function windowEndsAtSeconds(window: string): number {
  const [, year, month, day, hour] = /^(\d{4})(\d{2})(\d{2})(\d{2})$/.exec(window) ?? [];
  if (hour === undefined) throw new Error(`not a status window: ${window}`);
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour) + 1) / 1000;
}

/** Windows in which a session that lives now or is opened now may end, soonest first. */
export const openWindows = (nowSeconds: number): readonly string[] =>
  windowsThrough(nowSeconds, nowSeconds + limits.sessionLifeMaxSeconds);

/** The window of every second from `fromSeconds` to `untilSeconds`, both included, soonest first. */
export function windowsThrough(fromSeconds: number, untilSeconds: number): readonly string[] {
  const hours = Math.floor(untilSeconds / 3600) - Math.floor(fromSeconds / 3600) + 1;
  return Array.from({ length: hours }, (_, i) => windowOf(fromSeconds + i * 3600));
}

/** List and index of a position of a window. */
export const statusListOf = (window: string, position: number): { list: string; idx: number } => ({
  list: `${window}-${Math.floor(position / limits.statusListSize)}`,
  idx: position % limits.statusListSize,
});

/** Sort key of a window's counter in table Sessions; no session has this id. */
export const leaseSid = "lease";

/** Key of a window's counter in table Sessions. */
export const leaseRow = (window: string) => ({ root: `status#${window}`, sid: leaseSid });

/** Window and number of a list id, or undefined when it is malformed. */
export function parseList(list: string): { window: string; number: number } | undefined {
  const [, window, number] = /^(\d{10})-(0|[1-9]\d{0,4})$/.exec(list) ?? [];
  return window === undefined || number === undefined ? undefined : { window, number: Number(number) };
}
