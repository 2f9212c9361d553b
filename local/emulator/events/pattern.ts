/**
 * EventBridge and event-source-mapping filter patterns: exact values, null, prefix, suffix, equals-ignore-case,
 * wildcard, numeric, anything-but, exists and `$or`. An operator it does not know throws, so that a rule never
 * silently matches less (or more) here than on AWS. Not supported: cidr.
 */

type Json = Record<string, unknown>;

/**
 * Decides whether an event matches a pattern.
 * @param pattern the pattern, already parsed
 * @param event the event, already parsed
 * @returns true when every field of the pattern is satisfied; throws on an unknown operator
 */
export function matchesPattern(pattern: unknown, event: unknown): boolean {
  if (!isObject(pattern)) throw new Error("an event pattern must be a JSON object");
  return Object.entries(pattern).every(([key, wanted]) => {
    if (key === "$or" && Array.isArray(wanted)) return wanted.some((each) => matchesPattern(each, event));
    const field = isObject(event) ? event[key] : undefined;
    if (Array.isArray(wanted)) return matchesOne(wanted, field);
    // A list in the event matches when any member does, as in EventBridge.
    if (Array.isArray(field)) return field.some((each) => matchesPattern(wanted, each));
    return matchesPattern(wanted, field);
  });
}

/** Checks a pattern once, before it is used: unknown operators throw here instead of at the first event. */
export function checkPattern(pattern: unknown): void {
  if (!isObject(pattern)) throw new Error("an event pattern must be a JSON object");
  for (const [key, wanted] of Object.entries(pattern)) {
    if (key === "$or" && Array.isArray(wanted)) for (const each of wanted) checkPattern(each);
    else if (Array.isArray(wanted)) for (const each of wanted) holds(each, "");
    else checkPattern(wanted);
  }
}

function matchesOne(wanted: readonly unknown[], field: unknown): boolean {
  const values = Array.isArray(field) ? field : [field];
  return wanted.some((each) => {
    // Absence is a property of the field, not of one of its values.
    if (isObject(each) && "exists" in each) return (field !== undefined) === each.exists;
    return values.some((value) => holds(each, value));
  });
}

function holds(wanted: unknown, value: unknown): boolean {
  if (!isObject(wanted)) return value === wanted;
  const [operator, ...more] = Object.keys(wanted);
  if (operator === undefined || more.length > 0) throw new Error(`unclear pattern ${JSON.stringify(wanted)}`);
  const argument = wanted[operator];
  const text = typeof value === "string" ? value : undefined;
  switch (operator) {
    case "exists":
      return (value !== undefined) === argument;
    case "prefix":
      return caseAware(argument, text, (a, b) => b.startsWith(a));
    case "suffix":
      return caseAware(argument, text, (a, b) => b.endsWith(a));
    case "equals-ignore-case":
      return text?.toLowerCase() === String(argument).toLowerCase();
    case "wildcard":
      return text !== undefined && wildcard(String(argument)).test(text);
    case "numeric":
      return numeric(argument as unknown[], value);
    case "anything-but":
      return anythingBut(argument, value);
    default:
      throw new Error(
        `pattern operator "${operator}" is not known to the embedded cloud: add it to local/emulator/events/pattern.ts`,
      );
  }
}

function caseAware(argument: unknown, value: string | undefined, test: (a: string, b: string) => boolean): boolean {
  if (!isObject(argument)) return value !== undefined && test(String(argument), value);
  if (!("equals-ignore-case" in argument)) throw new Error(`unclear pattern ${JSON.stringify(argument)}`);
  return value !== undefined && test(String(argument["equals-ignore-case"]).toLowerCase(), value.toLowerCase());
}

function anythingBut(argument: unknown, value: unknown): boolean {
  if (value === undefined) return false;
  if (isObject(argument)) {
    const [operator, list] = Object.entries(argument)[0] ?? [];
    const alternatives = Array.isArray(list) ? list : [list];
    return alternatives.every((each) => !holds({ [String(operator)]: each }, value));
  }
  return !(Array.isArray(argument) ? argument : [argument]).includes(value);
}

function numeric(tests: readonly unknown[], value: unknown): boolean {
  const compare: Record<string, (a: number, b: number) => boolean> = {
    "=": (a, b) => a === b,
    "<": (a, b) => a < b,
    "<=": (a, b) => a <= b,
    ">": (a, b) => a > b,
    ">=": (a, b) => a >= b,
  };
  for (let index = 0; index < tests.length; index += 2) {
    const test = compare[String(tests[index])];
    if (test === undefined) throw new Error(`unclear numeric pattern ${JSON.stringify(tests)}`);
    if (typeof value !== "number" || !test(value, Number(tests[index + 1]))) return false;
  }
  return true;
}

/** A backslash makes the star or backslash after it a character of its own; AWS takes it before nothing else. */
function wildcard(pattern: string): RegExp {
  const parts = pattern.match(/\\.|\*|[^\\*]+|\\$/gs) ?? [];
  const sources = parts.map((part) => {
    if (part === "*") return ".*";
    if (part.startsWith("\\") && !/^\\[*\\]$/.test(part))
      throw new Error(`wildcard ${pattern}: what is escaped there?`);
    return part.replace(/^\\/, "").replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${sources.join("")}$`, "s");
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
