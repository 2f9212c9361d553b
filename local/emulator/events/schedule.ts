/** Schedule expressions of EventBridge rules. */

const unitMillis: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * Reads `rate(5 minutes)`.
 * @returns milliseconds between two runs; throws on cron expressions, which this cloud does not run
 */
export function rateMillis(expression: string): number {
  const [, value, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const millis = unitMillis[unit ?? ""];
  if (millis === undefined) throw new Error(`schedule ${expression} is not known to the embedded cloud: use rate(...)`);
  return Number(value) * millis;
}
