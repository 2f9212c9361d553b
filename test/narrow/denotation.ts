/**
 * What details mean, written down a second time and without the product's code: each generated value comes with the set
 * of concrete requests it admits, taken from what it was generated FROM (the segments, the instant, the members), never
 * by parsing what it was written AS. Universes are small, so that sets can be compared by enumeration.
 */
import { fc } from "@fast-check/vitest";

/** A value of a field as a request would send it, and which points of the field's universe it admits. */
export interface Meant {
  readonly sent: unknown;
  readonly admits: (point: unknown) => boolean;
}

/** One field: its rule, its JSON Schema, everything a request could name, and values of it. */
export interface Field {
  readonly rule: string;
  readonly schema: object;
  readonly universe: readonly unknown[];
  readonly values: fc.Arbitrary<Meant>;
}

const letters = ["a", "b", "c", "d"];
const someLetters = fc.uniqueArray(fc.constantFrom(...letters), { minLength: 1 });
const texts = { type: "array", items: { type: "string" } };

const oneOf: Field = {
  rule: "one_of",
  schema: texts,
  universe: [...letters, "A", "e"],
  values: someLetters.map((list) => ({ sent: list, admits: (point) => list.some((one) => one === point) })),
};

const not: Field = {
  rule: "not",
  schema: texts,
  universe: [...letters, "A", "B", "e"],
  values: someLetters.map((list) => ({
    sent: list,
    admits: (point) => list.every((one) => one !== String(point).toLowerCase()),
  })),
};

const numbers = [-2, -1, 0, 0.5, 1, 2, 3];
const number = fc.constantFrom(...numbers);

const max: Field = {
  rule: "max",
  schema: { type: "number" },
  universe: numbers,
  values: number.map((n) => ({ sent: n, admits: (point) => Number(point) - n <= 0 })),
};

const min: Field = {
  rule: "min",
  schema: { type: "number" },
  universe: numbers,
  values: number.map((n) => ({ sent: n, admits: (point) => Number(point) - n >= 0 })),
};

const range: Field = {
  rule: "range",
  schema: {
    type: "object",
    additionalProperties: false,
    properties: { min: { type: "number" }, max: { type: "number" } },
  },
  universe: numbers,
  values: fc
    .tuple(fc.subarray(numbers, { minLength: 1 }), fc.constantFrom("both", "min", "max"))
    .map(([within, ends]) => {
      const [low, high] = [Math.min(...within), Math.max(...within)];
      return {
        sent: { ...(ends === "max" ? {} : { min: low }), ...(ends === "min" ? {} : { max: high }) },
        admits: (point: unknown) =>
          (ends === "max" || Number(point) >= low) && (ends === "min" || Number(point) <= high),
      };
    }),
};

/** Minutes after 2026-11-24T12:00Z; each is written down with an offset of its own. */
const minutes = [-90, -60, -1, 0, 1, 60, 90];
const base = Date.parse("2026-11-24T12:00:00Z");
const spelledInstant = fc
  .tuple(fc.constantFrom(...minutes), fc.constantFrom(-330, -60, 0, 60, 120, 345))
  .map(([at, offset]) => {
    const local = new Date(base + (at + offset) * 60_000).toISOString().slice(0, 19);
    const [hours, rest] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60];
    const zone = `${offset < 0 ? "-" : "+"}${String(hours).padStart(2, "0")}:${String(rest).padStart(2, "0")}`;
    return { at, text: offset === 0 ? `${local}Z` : `${local}${zone}` };
  });
const instants = minutes.map((at) => new Date(base + at * 60_000));
const minuteOf = (point: unknown) => ((point as Date).getTime() - base) / 60_000;

const before: Field = {
  rule: "before",
  schema: { type: "string" },
  universe: instants,
  values: spelledInstant.map(({ at, text }) => ({ sent: text, admits: (point) => minuteOf(point) < at })),
};

const after: Field = {
  rule: "after",
  schema: { type: "string" },
  universe: instants,
  values: spelledInstant.map(({ at, text }) => ({ sent: text, admits: (point) => minuteOf(point) > at })),
};

const keys = ["", "a", "ab", "abc", "b", "ba", "a/b", "a/../b"];
const prefix: Field = {
  rule: "prefix",
  schema: texts,
  universe: keys.filter((key) => key !== ""),
  values: fc.uniqueArray(fc.constantFrom("a", "ab", "b", "a/"), { minLength: 1, maxLength: 2 }).map((list) => ({
    sent: list,
    admits: (point) => list.some((one) => [...one].every((letter, i) => [...String(point)][i] === letter)),
  })),
};

const exact: Field = {
  rule: "exact",
  schema: { type: "boolean" },
  universe: [true, false],
  values: fc.boolean().map((flag) => ({ sent: flag, admits: (point) => point === flag })),
};

/** A small tree: every list of at most three names. */
const names = ["a", "ab", "b"];
const tree: readonly (readonly string[])[] = [
  [],
  ...names.map((x) => [x]),
  ...names.flatMap((x) => names.map((y) => [x, y])),
  ...names.flatMap((x) => names.map((y) => [x, y, "a"])),
];
const startsWith = (place: readonly string[], bound: readonly string[]) => bound.every((name, i) => place[i] === name);
const segmentsOf = (point: unknown) =>
  String(point)
    .split("/")
    .filter((name) => name !== "");

/** The same place in one of its many spellings. */
const spelledPath = fc
  .tuple(fc.constantFrom(...tree), fc.constantFrom("/", "//", "/./"), fc.boolean())
  .map(([segments, slash, last]) => ({
    segments,
    text: `/${segments.join(slash)}${last && segments.length > 0 ? "/" : ""}`,
  }));

const path: Field = {
  rule: "path",
  schema: texts,
  universe: tree.map((segments) => `/${segments.join("/")}`),
  values: fc.array(spelledPath, { minLength: 1, maxLength: 3 }).map((list) => ({
    sent: list.map((one) => one.text),
    admits: (point) => list.some((one) => startsWith(segmentsOf(point), one.segments)),
  })),
};

const origins = ["https://api.example", "https://api.example:8443", "http://api.example"];
const spelledOrigins = new Map([
  [origins[0], ["https://api.example", "HTTPS://api.EXAMPLE", "https://api.example:443"]],
  [origins[1], ["https://api.example:8443", "https://API.example:8443"]],
  [origins[2], ["http://api.example", "http://api.example:80"]],
]);
const places = origins.flatMap((origin) => tree.slice(0, 8).map((segments) => ({ origin, segments })));
const spelledUrl = fc
  .tuple(fc.constantFrom(...places), fc.nat(5), fc.constantFrom("/", "/./", "/x/../", "/x/%2e%2E/"), fc.boolean())
  .map(([place, pick, slash, encoded]) => {
    const written = spelledOrigins.get(place.origin) ?? [];
    const segments = encoded ? place.segments.map((name) => name.replace("b", "%62")) : place.segments;
    return { ...place, text: `${written[pick % written.length]}${segments.map((name) => `${slash}${name}`).join("")}` };
  });

const url: Field = {
  rule: "url",
  schema: { type: "string" },
  universe: places.map(({ origin, segments }) => `${origin}/${segments.join("/")}`),
  values: spelledUrl.map(({ origin, segments, text }) => ({
    sent: text,
    admits: (point) => {
      const [scheme, , host, ...rest] = String(point).split("/");
      return (
        `${scheme}//${host}` === origin &&
        startsWith(
          rest.filter((name) => name !== ""),
          segments,
        )
      );
    },
  })),
};

/** A field for every rule there is, by the rule's name. */
export const fields: Readonly<Record<string, Field>> = {
  one_of: oneOf,
  not,
  max,
  min,
  range,
  before,
  after,
  prefix,
  exact,
  path,
  url,
};

/** The points of a universe that a value admits; a field that is left out admits all of them. */
export const denote = (field: Field, meant: Meant | undefined): ReadonlySet<unknown> =>
  new Set(field.universe.filter((point) => meant === undefined || meant.admits(point)));
