import { isNumeric, type Rule } from "./rule.ts";

/**
 * A finite number that every reader represents exactly. `JSON.parse("1e400")` is Infinity, which bounds nothing, and
 * 9007199254740993 is a different number to a reader with 64-bit integers than to one with doubles. Minus zero counts
 * as zero.
 */
const readNumber = (value: unknown): number | undefined =>
  typeof value === "number" && Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value + 0 : undefined;

const takes = `a number of at most ±${Number.MAX_SAFE_INTEGER}`;

const bounding = (holds: (value: number, bound: number) => boolean): Rule<number> => ({
  takes,
  fits: isNumeric,
  read: readNumber,
  write: (bound) => bound,
  within: holds,
  admits(bound, actual) {
    const value = readNumber(actual);
    return value !== undefined && holds(value, bound);
  },
});

/** `max`: at most this much. A smaller bound is narrower. */
export const max: Rule<number> = bounding((value, bound) => value <= bound);

/** `min`: at least this much. A greater bound is narrower. */
export const min: Rule<number> = bounding((value, bound) => value >= bound);

interface Range {
  readonly min: number;
  readonly max: number;
}

/** `range`: `{ "min": n, "max": n }`, both ends included; one end may be open. A range inside it is narrower. */
export const range: Rule<Range> = {
  takes: `{ "min", "max" } or one of them, each ${takes}, min not above max`,
  fits({ type, properties = {} }) {
    const names = Object.keys(properties);
    return (
      type === "object" && names.length > 0 && names.every((n) => /^(min|max)$/.test(n) && isNumeric(properties[n]))
    );
  },
  read(value) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const ends = value as { readonly min?: unknown; readonly max?: unknown };
    const names = Object.keys(ends);
    if (names.length === 0 || !names.every((name) => name === "min" || name === "max")) return undefined;
    const low = Object.hasOwn(ends, "min") ? readNumber(ends.min) : Number.NEGATIVE_INFINITY;
    const high = Object.hasOwn(ends, "max") ? readNumber(ends.max) : Number.POSITIVE_INFINITY;
    return low !== undefined && high !== undefined && low <= high ? { min: low, max: high } : undefined;
  },
  write: ({ min: low, max: high }) => ({
    ...(Number.isFinite(low) ? { min: low } : {}),
    ...(Number.isFinite(high) ? { max: high } : {}),
  }),
  within: (inner, outer) => inner.min >= outer.min && inner.max <= outer.max,
  admits(bound, actual) {
    const value = readNumber(actual);
    return value !== undefined && value >= bound.min && value <= bound.max;
  },
};
