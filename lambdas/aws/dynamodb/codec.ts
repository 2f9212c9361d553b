/** An item as the document client returns it. */
export type Item = Readonly<Record<string, unknown>>;

/**
 * A row that this version does not write: somebody wrote it by hand, or a newer version did. It is broken
 * infrastructure, never a denial and never a grant: a bound that this version does not know must not be read as no
 * bound. The message names the table, the key and the member, but no value.
 */
export class BrokenRow extends Error {
  override readonly name = "BrokenRow";
}

/** Reads a value at path `at` inside a row, or throws. */
export type Decode<T> = (value: unknown, at: string) => T;

/** A member that may be absent; when present it is read like any other. */
interface Optional<T> {
  readonly optional: Decode<T>;
}

/**
 * One decoder for each member. The compiler checks both directions, so a codec must follow when its type gains or loses
 * a member.
 */
export type Shape<T> = {
  readonly [K in keyof T]-?: undefined extends T[K] ? Optional<Exclude<T[K], undefined>> : Decode<T[K]>;
};

class Misread extends Error {}

/** Throws for a member, naming only its path, since a value may be a secret. */
export function misread(at: string, wanted: string): never {
  throw new Misread(`${at === "" ? "the row" : at} is no ${wanted}`);
}

const must =
  <T>(wanted: string, is: (value: unknown) => value is T): Decode<T> =>
  (value, at) =>
    is(value) ? value : misread(at, wanted);

/** A text that is not empty. */
export const text: Decode<string> = must("text", (value): value is string => typeof value === "string" && value !== "");
/** A text written by people, which may be empty. */
export const anyText: Decode<string> = must("text", (value) => typeof value === "string");
/** A time, a count or a version: a whole number, not negative and exactly represented. */
export const whole: Decode<number> = must(
  "whole number",
  (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0,
);
/** True or false. */
export const flag: Decode<boolean> = must("truth value", (value) => typeof value === "boolean");
const object: Decode<Item> = must(
  "map",
  (value): value is Item => typeof value === "object" && value !== null && !Array.isArray(value),
);
/** An object whose members other code reads: claims, schemas, constraints. */
export const anyObject: Decode<Item> = object;

/** One of the given texts or truth values. */
export const oneOf = <const T extends string | boolean>(...values: readonly T[]): Decode<T> =>
  must(`one of ${values.join(", ")}`, (value): value is T => (values as readonly unknown[]).includes(value));

/** A set of numbers, as DynamoDB stores it. */
export const wholes: Decode<ReadonlySet<number>> = (value, at) => {
  if (!(value instanceof Set)) return misread(at, "set of numbers");
  for (const one of value) whole(one, at);
  return value;
};

/** A list, in its order. */
export const list =
  <T>(decode: Decode<T>): Decode<readonly T[]> =>
  (value, at) =>
    Array.isArray(value) ? value.map((one, n) => decode(one, `${at}[${n}]`)) : misread(at, "list");

/** A map whose names are data: subjects, rules. */
export const mapOf =
  <T>(decode: Decode<T>): Decode<Readonly<Record<string, T>>> =>
  (value, at) =>
    Object.fromEntries(Object.entries(object(value, at)).map(([name, one]) => [name, decode(one, memberOf(at, name))]));

/** JSON text. The parser's error quotes the text, so it is not passed on. */
export const json =
  <T>(decode: Decode<T>): Decode<T> =>
  (value, at) => {
    let parsed: unknown;
    try {
      parsed = JSON.parse(anyText(value, at));
    } catch {
      return misread(at, "JSON text");
    }
    return decode(parsed, at);
  };

/** A member that may be absent. */
export const optional = <T>(decode: Decode<T>): Optional<T> => ({ optional: decode });

/** A map of exactly these members. */
export function members<T>(shape: Shape<T>): Decode<T> {
  const known = Object.entries(shape) as [string, Decode<unknown> | Optional<unknown>][];
  const names = new Set(known.map(([name]) => name));
  return (value, at) => {
    const found = object(value, at);
    for (const name of Object.keys(found)) if (!names.has(name)) misread(memberOf(at, name), "member that we know");
    const read: Record<string, unknown> = {};
    for (const [name, how] of known) {
      const member = found[name];
      if (typeof how === "function") read[name] = how(member, memberOf(at, name));
      else if (member !== undefined) read[name] = how.optional(member, memberOf(at, name));
    }
    return read as T;
  };
}

/** Members with these names, and a map of all members whose names begin with `prefix`, by the rest of the name. */
export function membersAnd<T, V>(
  shape: Shape<T>,
  prefix: string,
  each: Decode<V>,
): Decode<T & { readonly named: ReadonlyMap<string, V> }> {
  const fixed = members(shape);
  return (value, at) => {
    const entries = Object.entries(object(value, at));
    const isNamed = ([name]: readonly [string, unknown]) => name.startsWith(prefix);
    const named = entries
      .filter(isNamed)
      .map(([name, one]) => [name.slice(prefix.length), each(one, memberOf(at, name))] as const);
    const rest = Object.fromEntries(entries.filter((entry) => !isNamed(entry)));
    return { ...fixed(rest, at), named: new Map(named) };
  };
}

/** A map whose `kind` decides which members it has. */
export const byKind =
  <T extends { readonly kind: string }>(
    kinds: {
      readonly [K in T["kind"]]: Decode<Extract<T, { readonly kind: K }>>;
    },
  ): Decode<T> =>
  (value, at) => {
    const { kind } = object(value, at);
    if (typeof kind !== "string" || !Object.hasOwn(kinds, kind))
      return misread(memberOf(at, "kind"), "kind that we know");
    return kinds[kind as T["kind"]](value, at) as T;
  };

/** Where rows of one kind are stored. */
interface Where {
  /** The table's name in `Tables`. */
  readonly table: string;
  /** Its key attributes, by which a broken row is found. */
  readonly key: readonly string[];
  /** What the reader of the error should do; by default, to ask who wrote the row. */
  readonly cure?: string;
}

/**
 * Makes the decoder of one kind of rows.
 * @returns a decoder that throws {@link BrokenRow}
 */
export const row =
  <T>({ table, key, cure = "was it written by hand?" }: Where, decode: Decode<T>): ((item: Item) => T) =>
  (item) => {
    try {
      return decode(item, "");
    } catch (failure) {
      if (!(failure instanceof Misread)) throw failure;
      const named = key.map((name) => `${name} ${shown(item[name])}`).join(", ");
      throw new BrokenRow(`a row of ${table} (${named}) is broken: ${failure.message}; ${cure}`);
    }
  };

const memberOf = (at: string, name: string): string => (at === "" ? shown(name) : `${at}.${shown(name)}`);

/** A name or key for a message, shortened, since it is data and may contain anything. */
const shown = (name: unknown): string => {
  if (typeof name !== "string") return "of another type";
  return /^[\w ~#:/.@+=-]{1,120}$/.test(name) ? name : JSON.stringify(name.slice(0, 60));
};
