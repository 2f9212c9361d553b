/**
 * Checks of settings, written without a schema library, since teams install this construct library. Every check takes
 * the given value, its path and the list of problems, and returns the value to use.
 */

/** Checks one value. */
export type Check<T> = (given: unknown, at: string, wrong: string[]) => T;

/** A whole number within bounds, both included. */
export const integer =
  (least: number, most: number): Check<number> =>
  (given, at, wrong) => {
    if (typeof given === "number" && Number.isSafeInteger(given) && given >= least && given <= most) return given;
    wrong.push(`${at}: must be a whole number from ${least} to ${most}`);
    return least;
  };

/** True or false; texts for them are refused. */
export const truth: Check<boolean> = (given, at, wrong) => {
  if (typeof given === "boolean") return given;
  wrong.push(`${at}: must be true or false`);
  return false;
};

/**
 * A text.
 * @param form a pattern that the whole text must match
 * @param otherwise the message when it does not match
 */
export const text =
  (form: RegExp = /./, otherwise = "must be a text"): Check<string> =>
  (given, at, wrong) => {
    if (typeof given === "string" && form.test(given)) return given;
    wrong.push(`${at}: ${otherwise}`);
    return "";
  };

/** One of some values. */
export const oneOf =
  <const T extends string | number>(values: readonly T[]): Check<T> =>
  (given, at, wrong) => {
    const found = values.find((value) => value === given);
    if (found !== undefined) return found;
    wrong.push(`${at}: must be one of ${values.join(", ")}`);
    return values[0] as T;
  };

/** A list with a number of items within bounds. */
export const list =
  <T>(of: Check<T>, least: number, most: number): Check<readonly T[]> =>
  (given, at, wrong) => {
    if (Array.isArray(given) && given.length >= least && given.length <= most)
      return given.map((one, index) => of(one, `${at}.${index}`, wrong));
    wrong.push(`${at}: must be a list of ${least} to ${most}`);
    return [];
  };

/** A value that may be left out; then it is absent. */
export const optional =
  <T>(of: Check<T>): Check<T | undefined> =>
  (given, at, wrong) =>
    given === undefined ? undefined : of(given, at, wrong);

/** A value that may be left out; then it is this default. */
export const otherwise =
  <T>(of: Check<T>, value: unknown): Check<T> =>
  (given, at, wrong) =>
    of(given === undefined ? value : given, at, wrong);

const isPlain = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === "object" && given !== null && !Array.isArray(given);

type Shape = Readonly<Record<string, Check<unknown>>>;
type OptionalKeys<S extends Shape> = { [K in keyof S]: undefined extends ReturnType<S[K]> ? K : never }[keyof S];

/** The type of checked settings: a value that was left out is absent. */
type Checked<S extends Shape> = { [K in Exclude<keyof S, OptionalKeys<S>>]: ReturnType<S[K]> } & {
  [K in OptionalKeys<S>]?: Exclude<ReturnType<S[K]>, undefined>;
};

/** Settings by name: only the known names are accepted. Undefined values are left out. */
export const settings =
  <S extends Shape>(known: S): Check<Checked<S>> =>
  (given, at, wrong) => {
    if (!isPlain(given)) wrong.push(`${at || "the settings"}: must be an object`);
    const found = isPlain(given) ? given : {};
    const below = (name: string) => (at ? `${at}.${name}` : name);
    for (const name of Object.keys(found))
      if (!Object.hasOwn(known, name)) wrong.push(`${below(name)}: there is no such setting`);
    // when no object was given, only that is reported, and not every missing setting
    const into = isPlain(given) ? wrong : [];
    const checked = Object.entries(known).map(
      ([name, check]) => [name, check(found[name], below(name), into)] as const,
    );
    return Object.fromEntries(checked.filter(([, value]) => value !== undefined)) as Checked<S>;
  };

/** Values by names that are not known beforehand. */
export const named =
  <T>(name: RegExp, what: string, of: Check<T>): Check<Readonly<Record<string, T>>> =>
  (given, at, wrong) => {
    if (!isPlain(given)) {
      wrong.push(`${at}: must be an object`);
      return {};
    }
    const found = Object.entries(given).filter(([, value]) => value !== undefined);
    for (const [key] of found) if (!name.test(key)) wrong.push(`${at}.${key}: ${what}`);
    return Object.fromEntries(found.map(([key, value]) => [key, of(value, `${at}.${key}`, wrong)]));
  };
