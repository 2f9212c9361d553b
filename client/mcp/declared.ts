import type { AuthorizationDetail } from "../../core/model/session.ts";
import type { DetailsTypeDeclaration, DetailsUse, ToolDeclaration } from "../../core/verify/permits.ts";
import { type Given, isGiven, type Rule, type ToolRules } from "./needs.ts";

/**
 * The tools of a resource as its registration declares them, as rules: one declaration serves the decision point and
 * the MCP server itself.
 * @param tools `tools` of the resource's registration
 * @param types the details types that restrict the resource, as they are registered; by them a refusal tells what to
 * ask for
 * @throws TypeError when two tools have one name
 */
export function declaredTools(
  tools: readonly ToolDeclaration[],
  types: readonly DetailsTypeDeclaration[] = [],
): ToolRules {
  const rules = new Map<string, Rule>();
  for (const tool of tools) {
    if (rules.has(tool.name)) throw new TypeError(`tool ${tool.name} is declared twice`);
    rules.set(tool.name, ruleOf(tool, types));
  }
  return Object.fromEntries(rules);
}

function ruleOf({ scopes, details }: ToolDeclaration, types: readonly DetailsTypeDeclaration[]): Rule {
  if (details === undefined) return scopes;
  return (given) => {
    const use: Record<string, Record<string, unknown>> = {};
    for (const [type, fields] of Object.entries(details)) {
      const named = Object.entries(fields).map(([field, pointer]) => [field, valueAt(given, pointer)] as const);
      // what a call does not name is left out: a token that restricts it is refused then
      use[type] = Object.fromEntries(named.filter(([, value]) => value !== undefined));
    }
    return { scopes, use, asks: asksOf(use, types) };
  };
}

/** The value that a JSON Pointer (RFC 6901) names, by own members alone; undefined where there is none. */
function valueAt(given: Given, pointer: string): unknown {
  let value: unknown = given;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(value)) value = /^(?:0|[1-9]\d*)$/.test(name) ? value[Number(name)] : undefined;
    else value = isGiven(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

/** Details that admit a use and nothing more, as far as they can be made of it. */
function asksOf(use: DetailsUse, types: readonly DetailsTypeDeclaration[]): readonly AuthorizationDetail[] {
  return types.flatMap(({ name, rules }) => {
    const fields = Object.entries((Object.hasOwn(use, name) && use[name]) || {});
    const detail: Record<string, unknown> & { type: string } = { type: name };
    for (const [field, value] of fields) {
      const bound = boundOf(rules[field], value);
      if (bound === undefined) return [];
      put(detail, field.split("."), bound);
    }
    return fields.length > 0 ? [detail] : [];
  });
}

/** The narrowest bound that admits the value; undefined where a rule has none that a value makes. */
function boundOf(rule: string | undefined, value: unknown): unknown {
  if (rule === "one_of") return [value].flat();
  if (rule === undefined || rule === "not" || Array.isArray(value)) return undefined;
  return rule === "range" ? { min: value, max: value } : value;
}

function put(into: Record<string, unknown>, [first = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    into[first] = value;
    return;
  }
  const inner = isGiven(into[first]) ? { ...into[first] } : {};
  put(inner, rest, value);
  into[first] = inner;
}
