import { Usage } from "./outcome.ts";

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * Reads a time before now (`90s`, `15m`, `24h`, `7d`) or a date in ISO 8601, in milliseconds since the epoch.
 * @param option what it was given by
 * @throws Usage for anything else
 */
export function sinceMillis(text: string, nowMillis: number, option = "--since"): number {
  const span = /^([1-9]\d{0,5})([smhd])$/.exec(text);
  if (span) return nowMillis - Number(span[1]) * units[span[2] as keyof typeof units];
  const at = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(at))
    throw new Usage(`${option} is like 15m, 24h, 7d or 2026-08-01T09:00:00Z, not ${JSON.stringify(text)}`);
  return at;
}
