import { ruleOf } from "../../../core/details/rules/table.ts";

/** How a rule evaluates two values as they were sent: true only when both are understood and the inner lies within. */
export function narrower(name: string, inner: unknown, outer: unknown): boolean {
  const rule = ruleOf(name);
  if (!rule) throw new Error(`no rule ${name}`);
  const [a, b] = [rule.read(inner), rule.read(outer)];
  return a !== undefined && b !== undefined && rule.within(a, b);
}

export const understands = (name: string, value: unknown): boolean => ruleOf(name)?.read(value) !== undefined;

export const written = (name: string, value: unknown): unknown => {
  const rule = ruleOf(name);
  return rule?.write(rule.read(value));
};

export const admits = (name: string, bound: unknown, actual: unknown): boolean => {
  const rule = ruleOf(name);
  const read = rule?.read(bound);
  return read !== undefined && rule?.admits(read, actual) === true;
};
