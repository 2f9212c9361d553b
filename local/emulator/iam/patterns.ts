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
  const parts = fill(text, context);
  if (parts === undefined) return () => false;
  const source = parts.map((part) =>
    "literal" in part ? escaped(part.literal) : wildcards ? globbed(part.written) : escaped(part.written),
  );
  return pattern(source.join(""), ignoreCase);
}

/** Whether a policy's text holds a variable, for operators that take none. */
export const hasVariable = (text: string): boolean => /\$\{[^}]*\}/.test(text);

/** A text of wildcards alone, as actions are written: case does not count. */
export const globTest = (glob: string): ((value: string) => boolean) => pattern(globbed(glob), true);

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

const escaped = (text: string): string => text.replace(/[.+^${}()|[\]\\*?]/g, "\\$&");
const globbed = (text: string): string => escaped(text).replaceAll("\\*", ".*").replaceAll("\\?", ".");

const compiled = new Map<string, RegExp>();
const mostCompiled = 5_000;

function pattern(source: string, ignoreCase: boolean): (value: string) => boolean {
  const key = `${ignoreCase}:${source}`;
  const made = compiled.get(key) ?? new RegExp(`^${source}$`, ignoreCase ? "is" : "s");
  // Filled variables make endless patterns: never let them fill the memory.
  if (compiled.size > mostCompiled) compiled.clear();
  compiled.set(key, made);
  return (value) => made.test(value);
}
