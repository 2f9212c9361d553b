import { limits } from "../model/limits.ts";
import type { DetailsTypeDeclaration } from "../model/resource-registration.ts";
import { ruleNames } from "../model/resource-registration.ts";
import { fieldName, isObject } from "./leaves.ts";
import type { FieldSchema } from "./rules/rule.ts";
import { ruleOf } from "./rules/table.ts";
import { type Finding, keywordFindings, namedValueFindings } from "./schema-keywords.ts";

/** One walk over a schema. */
interface Walk {
  readonly rules: DetailsTypeDeclaration["rules"];
  /** Fields for which a rule was found. */
  readonly compared: Set<string>;
}

interface Place {
  readonly at: string;
  /** Dotted path of the field; empty for the detail itself. */
  readonly field: string;
  readonly depth: number;
}

/**
 * Checks the schema and the rules of a details type together: only the bounded part of JSON Schema, and one fitting
 * rule for every field. So no field can ever be granted that cannot be compared.
 * @returns everything that is wrong, each with its path (`schema.properties.path.pattern`, `rules.path`)
 */
export function detailsTypeFindings(type: Pick<DetailsTypeDeclaration, "schema" | "rules">): readonly Finding[] {
  const { schema, rules } = type;
  const bytes = new TextEncoder().encode(JSON.stringify(schema)).length;
  if (bytes > limits.detailsSchemaBytes) return [["schema", `larger than ${limits.detailsSchemaBytes} bytes`]];
  const unknown = Object.entries(rules).filter(([, name]) => !ruleOf(name));
  if (unknown.length > 0)
    return unknown.map(([f, name]) => [`rules.${f}`, `no rule is named ${name}; there are ${ruleNames.join(", ")}`]);
  if (schema.type !== "object") return [["schema", "describe an object: the detail without its 'type'"]];
  const walk: Walk = { rules, compared: new Set() };
  const found = objectFindings(schema, { at: "schema", field: "", depth: 1 }, walk);
  if (found.length > 0) return found;
  if (walk.compared.size > limits.detailsFields) return [["schema", `more than ${limits.detailsFields} fields`]];
  return Object.keys(rules)
    .filter((field) => !walk.compared.has(field))
    .map((field) => [`rules.${field}`, `the schema has no field ${field} to compare`]);
}

function objectFindings(schema: Readonly<Record<string, unknown>>, place: Place, walk: Walk): readonly Finding[] {
  const { at, field, depth } = place;
  const { properties } = schema;
  if (depth > limits.detailsDepth) return [[at, `nested deeper than ${limits.detailsDepth}`]];
  const own = keywordFindings(schema, at, field === "");
  if (!isObject(properties) || Object.keys(properties).length === 0)
    return [...own, [at, "declare at least one field under 'properties'"]];
  const inside = Object.entries(properties).flatMap(([name, inner]): readonly Finding[] => {
    const next = { at: `${at}.properties.${name}`, field: field === "" ? name : `${field}.${name}`, depth: depth + 1 };
    const wrong = nameProblem(name, field === "");
    if (wrong !== undefined) return [[next.at, wrong]];
    if (!isObject(inner)) return [[next.at, "describe the field by a schema of its own"]];
    return fieldFindings(inner, next, walk);
  });
  return [...own, ...inside];
}

const nameProblem = (name: string, isTop: boolean): string | undefined => {
  if (isTop && name === "type") return "'type' names the type itself (RFC 9396 2); leave it out of the schema";
  // every object inherits such a name, so it would be found in details that do not have it
  return fieldName.test(name) && !(name in {}) ? undefined : "use letters, digits and '_', a letter first";
};

function fieldFindings(schema: Readonly<Record<string, unknown>>, place: Place, walk: Walk): readonly Finding[] {
  const { at, field } = place;
  const name = Object.hasOwn(walk.rules, field) ? walk.rules[field] : undefined;
  const rule = name === undefined ? undefined : ruleOf(name);
  if (!rule) {
    if (schema.type === "object") return objectFindings(schema, place, walk);
    return [[at, `field ${field} has no rule: say under 'rules' how it is compared`]];
  }
  walk.compared.add(field);
  const faults = partsOf(schema, at).flatMap(([path, part]) =>
    isObject(part) ? keywordFindings(part, path, false) : [[path, "describe it by a schema"] as const],
  );
  if (faults.length > 0) return faults;
  if (!rule.fits(schema as FieldSchema))
    return [[`rules.${field}`, `rule ${name} cannot compare what the schema allows; it takes ${rule.takes}`]];
  return namedValueFindings(schema, at, rule);
}

/** The schemas that one rule compares as a whole: the field's own, and those of its items or of a range's ends. */
const partsOf = (schema: Readonly<Record<string, unknown>>, at: string): (readonly [string, unknown])[] => [
  [at, schema],
  ...(isObject(schema.properties)
    ? Object.entries(schema.properties).map(([name, end]) => [`${at}.properties.${name}`, end] as const)
    : []),
  ...(schema.type === "array" ? [[`${at}.items`, schema.items] as const] : []),
];
