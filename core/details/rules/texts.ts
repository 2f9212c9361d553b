import { anyOf, type Several } from "./any-of.ts";
import { isNumeric, type Rule } from "./rule.ts";
import { isPlainText } from "./text.ts";

/**
 * `prefix`: begins with this text, character by character, for names that no target parses (keys, tenants). For values
 * that a target resolves as a path or an address use `path` or `url`.
 */
export const prefix: Rule<Several<string>> = anyOf<string>({
  takes: "a plain text",
  read: (value) => (isPlainText(value) ? value : undefined),
  write: (one) => one,
  within: (inner, outer) => inner.startsWith(outer),
  admits: (one, actual) => isPlainText(actual) && actual.startsWith(one),
});

type Scalar = string | number | boolean;

const readScalar = (value: unknown): Scalar | undefined => {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value + 0 : undefined;
  return isPlainText(value) ? value : undefined;
};

/** `exact`: this value and no other. Only the same value is narrower. */
export const exact: Rule<Scalar> = {
  takes: "one plain text, number or boolean",
  fits: (schema) => schema.type === "string" || schema.type === "boolean" || isNumeric(schema),
  read: readScalar,
  write: (bound) => bound,
  within: (inner, outer) => inner === outer,
  admits: (bound, actual) => readScalar(actual) === bound,
};
