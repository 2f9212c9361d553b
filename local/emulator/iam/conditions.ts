/** The `Condition` element: quantifiers, `IfExists`, `Null`, and values that are absent or several. */
import { operators } from "./operators.ts";
import type { Context } from "./patterns.ts";

/** The element as IAM writes it: operator → key → value or values. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Parsed {
  readonly quantifier: string | undefined;
  readonly ifExists: boolean;
  readonly base: string;
}

/** Whether one condition holds in a context. */
type Holds = (context: Context) => boolean;

/**
 * Refuses what the evaluator cannot evaluate in full.
 * @param where who carries the policy, for the error's message
 */
export function checkConditions(conditions: Conditions, where: string): void {
  for (const [name, keys] of Object.entries(conditions)) {
    const { base, quantifier, ifExists } = parse(name);
    const operator = Object.hasOwn(operators, base) ? operators[base] : undefined;
    if (operator === undefined && base !== "Null") {
      throw new Error(
        `policy of ${where}: condition operator ${name} is not known to local/emulator/iam/operators.ts: add it there`,
      );
    }
    // What an absent key means under both is nowhere written down.
    if ((quantifier === "ForAnyValue" && ifExists) || (base === "Null" && (ifExists || quantifier !== undefined)))
      throw new Error(`policy of ${where}: condition operator ${name} is not clear: leave IfExists and quantifier out`);
    for (const [key, values] of Object.entries(keys)) {
      for (const value of many(values)) {
        if (!["string", "boolean", "number"].includes(typeof value))
          throw new Error(`policy of ${where}: a value of ${key} is no text, number or boolean`);
        const fits =
          base === "Null" ? /^(true|false)$/.test(String(value)) : (operator?.literal?.(String(value)) ?? true);
        if (!fits) throw new Error(`policy of ${where}: ${name} of ${key} cannot be compared with ${String(value)}`);
      }
    }
  }
}

/** Makes conditions ready, once for all requests: whether every one of them holds in a context. */
export function readyConditions(conditions: Conditions): Holds {
  const all = Object.entries(conditions).flatMap(([name, keys]) =>
    Object.entries(keys).map(([key, values]) =>
      readyCondition(parse(name), key.toLowerCase(), many(values).map(String)),
    ),
  );
  return (context) => all.every((holds) => holds(context));
}

function readyCondition({ quantifier, ifExists, base }: Parsed, key: string, wanted: readonly string[]): Holds {
  if (base === "Null") return (context) => wanted.some((each) => (context[key] === undefined) === (each === "true"));
  const { compare, negated = false } = operators[base] ?? { compare: () => () => false };
  const comparisons = wanted.map(compare);
  return (context) => {
    const actual = context[key];
    const fits = (value: string) => comparisons.some((matches) => matches(value, context)) !== negated;
    if (quantifier === "ForAllValues") return (actual ?? []).every(fits);
    if (actual === undefined || actual.length === 0) return ifExists || (negated && quantifier === undefined);
    // Without a quantifier a key has one value; several are read as "any" for a match and "all" for a negation.
    return negated && quantifier === undefined ? actual.every(fits) : actual.some(fits);
  };
}

function parse(name: string): Parsed {
  const [, quantifier, base = "", ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name) ?? [];
  return { quantifier, ifExists: ifExists !== undefined, base };
}

/** A policy's value or values. */
export function many<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
