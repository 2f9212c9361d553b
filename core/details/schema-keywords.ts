import { limits } from "../model/limits.ts";
import type { Rule } from "./rules/rule.ts";

/** A path inside a declaration and what is wrong there. */
export type Finding = readonly [path: string, message: string];
type Check = (value: unknown) => string | undefined;

const count: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : "must be a whole number";
const number: Check = (value) => (typeof value === "number" && Number.isFinite(value) ? undefined : "must be a number");
const text: Check = (value) => (typeof value === "string" && value.length <= 2_000 ? undefined : "must be a text");
const names: Check = (value) =>
  Array.isArray(value) && value.every((name) => typeof name === "string") && new Set(value).size === value.length
    ? undefined
    : "must be a list of different names";
const values: Check = (value) =>
  Array.isArray(value) && value.length > 0 && value.length <= limits.detailListItems
    ? undefined
    : `must be a list of 1 to ${limits.detailListItems} values`;
const whatever: Check = () => undefined;

/** Keywords that a schema of any type may use. */
const always = { type: whatever, title: text, description: text };

/**
 * The keywords a details type may use, by the type of what they describe. Each can be checked in one pass over a value,
 * and none makes the schema depend on another. There is no `$ref`, since nothing is fetched; no `pattern` or `format`,
 * since a regular expression can take for ever on a chosen text, and the rules read times and addresses themselves; no
 * `anyOf` or `if`, since it would be unclear which rule compares.
 */
const keywords: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  object: { ...always, properties: whatever, required: names, additionalProperties: whatever },
  array: { ...always, items: whatever, minItems: count, maxItems: count, uniqueItems: whatever },
  string: { ...always, enum: values, const: whatever, minLength: count, maxLength: count },
  number: {
    ...always,
    enum: values,
    const: number,
    minimum: number,
    maximum: number,
    exclusiveMinimum: number,
    exclusiveMaximum: number,
  },
  boolean: { ...always, const: whatever },
};
const keywordsOf = new Map(Object.entries({ ...keywords, integer: keywords.number ?? {} }));

const dialect = "https://json-schema.org/draft/2020-12/schema";

/**
 * Checks the keywords of one node of a schema, not those of nodes below it.
 * @param at path of the node
 * @param isRoot only the root may name its dialect
 */
export function keywordFindings(
  schema: Readonly<Record<string, unknown>>,
  at: string,
  isRoot: boolean,
): readonly Finding[] {
  const allowed = typeof schema.type === "string" ? keywordsOf.get(schema.type) : undefined;
  if (!allowed) return [[`${at}.type`, `name one type: ${[...keywordsOf.keys()].join(", ")}`]];
  const found: Finding[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (isRoot && keyword === "$schema" && value === dialect) continue;
    const check = Object.hasOwn(allowed, keyword) ? allowed[keyword] : undefined;
    const wrong = check ? check(value) : `a schema of type ${schema.type} may not use '${keyword}' here`;
    if (wrong !== undefined) found.push([`${at}.${keyword}`, wrong]);
  }
  if (schema.type === "object") found.push(...objectFindings(schema, at));
  return found;
}

/**
 * Fields that are not declared must be refused, and fields that are required must be declared. Otherwise no detail
 * would ever fit.
 */
function objectFindings(schema: Readonly<Record<string, unknown>>, at: string): Finding[] {
  const found: Finding[] = [];
  if (schema.additionalProperties !== false) found.push([at, "say 'additionalProperties: false'"]);
  const declared = Object.keys((schema.properties as object | undefined) ?? {});
  const required = Array.isArray(schema.required) ? schema.required : [];
  for (const [i, name] of required.entries())
    if (!declared.includes(String(name))) found.push([`${at}.required.${i}`, `there is no field ${String(name)}`]);
  return found;
}

/**
 * A value that a field's schema names must be one that its rule reads, in canonical spelling. Otherwise it would never
 * match.
 */
export function namedValueFindings(
  schema: Readonly<Record<string, unknown>>,
  at: string,
  rule: Rule<unknown>,
): readonly Finding[] {
  const spelling = (value: unknown): unknown => {
    const bound = rule.read(value);
    return bound === undefined ? undefined : rule.write(bound);
  };
  const one = (where: string, value: unknown, spelt: unknown): Finding[] => {
    if (spelt === undefined) return [[where, "the field's rule does not understand this value"]];
    return JSON.stringify(spelt) === JSON.stringify(value) ? [] : [[where, `write it as ${JSON.stringify(spelt)}`]];
  };
  const items = (schema.items ?? {}) as Readonly<Record<string, unknown>>;
  return [
    ...named(schema, at).flatMap(([where, value]) => one(where, value, spelling(value))),
    ...named(items, `${at}.items`).flatMap(([where, value]) =>
      one(where, value, (spelling([value]) as readonly unknown[] | undefined)?.[0]),
    ),
  ];
}

const named = (schema: Readonly<Record<string, unknown>>, at: string): (readonly [string, unknown])[] => [
  ...(Array.isArray(schema.enum) ? schema.enum.map((value, i) => [`${at}.enum.${i}`, value] as const) : []),
  ...(Object.hasOwn(schema, "const") ? [[`${at}.const`, schema.const] as const] : []),
];
