import type { FieldSchema, Rule } from "./rule.ts";

const form = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3}))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/**
 * An RFC 3339 instant in milliseconds: compared as instants, since "10:00+02:00" sorts after "09:00Z" as text but is
 * earlier. Refused are leap seconds, days that the calendar lacks (`Date` would move them into the next month), and
 * digits that a target would cut off.
 */
function readInstant(value: unknown): number | undefined {
  const parts = typeof value === "string" ? form.exec(value) : null;
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "0", sign, offsetHour = "0", offsetMinute = "0"] = parts;
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (y < 1970 || h > 23 || mi > 59 || s > 59 || Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined;
  const local = Date.UTC(y, mo - 1, d, h, mi, s, Number(fraction.padEnd(3, "0")));
  const read = new Date(local);
  if (read.getUTCMonth() !== mo - 1 || read.getUTCDate() !== d) return undefined;
  const offsetMinutes = Number(offsetHour) * 60 + Number(offsetMinute);
  const instant = local - (sign === "-" ? -1 : 1) * offsetMinutes * 60_000;
  return instant >= 0 && instant <= lastInstant ? instant : undefined;
}

const lastInstant = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const readActual = (actual: unknown): number | undefined => {
  if (!(actual instanceof Date)) return readInstant(actual);
  const instant = actual.getTime();
  return Number.isFinite(instant) ? instant : undefined;
};

const bounding = (
  narrower: (inner: number, outer: number) => boolean,
  holds: (instant: number, bound: number) => boolean,
): Rule<number> => ({
  takes: "an RFC 3339 time with its offset, to the millisecond",
  fits: (schema: FieldSchema) => schema.type === "string",
  read: readInstant,
  write: (bound) => new Date(bound).toISOString(),
  within: narrower,
  admits(bound, actual) {
    const instant = readActual(actual);
    return instant !== undefined && holds(instant, bound);
  },
});

/** `before`: earlier than this instant, which is not included. A bound that is no later is narrower. */
export const before: Rule<number> = bounding(
  (inner, outer) => inner <= outer,
  (instant, bound) => instant < bound,
);

/** `after`: later than this instant, which is not included. A bound that is no earlier is narrower. */
export const after: Rule<number> = bounding(
  (inner, outer) => inner >= outer,
  (instant, bound) => instant > bound,
);
