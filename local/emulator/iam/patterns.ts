/** Texts of policies as patterns: wildcards, policy variables and their escapes (`${*}`, `${?}`, `${$}`). */

/** Condition keys of a request (in lower case) with their values; an absent key is absent. */
export type Context = Readonly<Record<string, readonly string[]>>;

/** How a policy's text is compared. */
interface Comparing {
  /** `*` and `?` are wildcards; else they are themselves. */
  readonly wildcards: boolean;
  readonly ignoreCase?: boolean;
}

/** A text with its variables filled, told apart from what the policy wrote. */
type Part = { readonly written: string } | { readonly literal: string };

/**
 * Compares a policy's text with a request's.
 * @param text as the policy writes it; a value that fills a variable stands for itself, wildcards in it included, since
 *   else whoever chooses the value (a tag, a prefix) would widen the policy
 * @param context where variables get their values; a variable that has none, or several, matches nothing
 */
export function textTest(
  text: string,
  context: Context,
  { wildcards, ignoreCase = false }: Comparing,
): (value: string) => boolean {
  if (!text.includes("${")) {
    if (wildcards) return pattern(globbed, text, ignoreCase);
    return ignoreCase ? pattern(escaped, text, ignoreCase) : (value) => value === text;
  }
  const parts = fill(text, context);
  if (parts === undefined) return () => false;
  const source = parts.map((part) =>
    "literal" in part ? escaped(part.literal) : wildcards ? globbed(part.written) : escaped(part.written),
  );
  return pattern(asItIs, source.join(""), ignoreCase);
}

/** Whether a policy's text holds a variable, for operators that take none. */
export const hasVariable = (text: string): boolean => /\$\{[^}]*\}/.test(text);

/** A text of wildcards alone, as actions are written: case does not count. */
export const globTest = (glob: string): ((value: string) => boolean) => pattern(globbed, glob, true);

function fill(text: string, context: Context): readonly Part[] | undefined {
  const parts: Part[] = [];
  let at = 0;
  for (const found of text.matchAll(/\$\{([^}]*)\}/g)) {
    const value = filling(found[1] ?? "", context);
    if (value === undefined) return undefined;
    parts.push({ written: text.slice(at, found.index) }, { literal: value });
    at = found.index + found[0].length;
  }
  return [...parts, { written: text.slice(at) }];
}

function filling(variable: string, context: Context): string | undefined {
  if (["*", "?", "$"].includes(variable)) return variable;
  const [, key = variable, otherwise] = /^([^,]+?)\s*,\s*'([^']*)'$/.exec(variable) ?? [];
  const values = context[key.trim().toLowerCase()];
  if (values === undefined) return otherwise;
  return values.length === 1 ? values[0] : undefined;
}

const asItIs = (source: string): string => source;
const escaped = (text: string): string => text.replace(/[.+^${}()|[\]\\*?]/g, "\\$&");
const globbed = (text: string): string => escaped(text).replaceAll("\\*", ".*").replaceAll("\\?", ".");

type Test = (value: string) => boolean;
/** Compiled patterns by how they were written, for each way of reading them. */
const compiled = new Map<(text: string) => string, Map<string, Test>>();
const mostCompiled = 5_000;

function pattern(read: (text: string) => string, text: string, ignoreCase: boolean): Test {
  const known = compiled.get(read) ?? new Map<string, Test>();
  compiled.set(read, known);
  const key = ignoreCase ? `i${text}` : `s${text}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const expression = new RegExp(`^${read(text)}$`, ignoreCase ? "is" : "s");
  const made: Test = (value) => expression.test(value);
  // Filled variables make endless patterns: never let them fill the memory.
  if (known.size > mostCompiled) known.clear();
  known.set(key, made);
  return made;
}
