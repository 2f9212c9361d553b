/** Hive's types of a Glue table, and how its readers of JSON fill them: keys without case, objects in a text as JSON. */

export type Hive =
  | { readonly kind: "plain"; readonly name: string }
  | { readonly kind: "array"; readonly of: Hive }
  | { readonly kind: "map"; readonly of: Hive }
  | { readonly kind: "struct"; readonly members: readonly (readonly [string, Hive])[] };

/** Reads a type, such as `array<struct<a:string>>`. */
export function hiveOf(text: string): Hive {
  const inside = /^(\w+)<(.*)>$/s.exec(text);
  if (!inside) return { kind: "plain", name: text };
  const [, name = "", rest = ""] = inside;
  if (name === "array") return { kind: "array", of: hiveOf(rest) };
  if (name === "map") return { kind: "map", of: hiveOf(parts(rest)[1] ?? "") };
  if (name !== "struct") throw new Error(`no type of Hive: ${text}`);
  const members = parts(rest).map((part) => {
    const at = part.indexOf(":");
    return [part.slice(0, at), hiveOf(part.slice(at + 1))] as const;
  });
  return { kind: "struct", members };
}

/** Splits at commas that stand in no brackets. */
function parts(text: string): string[] {
  const found = [""];
  let depth = 0;
  for (const character of text) {
    if (character === "<") depth += 1;
    if (character === ">") depth -= 1;
    if (character === "," && depth === 0) found.push("");
    else found[found.length - 1] += character;
  }
  return found;
}

const plain: Readonly<Record<string, string>> = {
  string: "VARCHAR",
  int: "INTEGER",
  bigint: "BIGINT",
  boolean: "BOOLEAN",
};

/** The same type in DuckDB. */
export function duckOf(type: Hive): string {
  switch (type.kind) {
    case "array":
      return `${duckOf(type.of)}[]`;
    case "map":
      return `MAP(VARCHAR, ${duckOf(type.of)})`;
    case "struct":
      return `STRUCT(${type.members.map(([name, of]) => `"${name}" ${duckOf(of)}`).join(", ")})`;
    default: {
      const found = plain[type.name];
      if (found === undefined) throw new Error(`no type of Hive: ${type.name}`);
      return found;
    }
  }
}

/** A value as the table shows it. */
export function read(value: unknown, type: Hive): unknown {
  if (value === undefined || value === null) return null;
  switch (type.kind) {
    case "array":
      return Array.isArray(value) ? value.map((each) => read(each, type.of)) : null;
    case "map":
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.toLowerCase(), read(each, type.of)]));
    case "struct": {
      const lower = new Map(Object.entries(value).map(([key, each]) => [key.toLowerCase(), each]));
      return Object.fromEntries(type.members.map(([name, of]) => [name, read(lower.get(name), of)]));
    }
    default:
      return type.name === "string" && typeof value === "object" ? JSON.stringify(value) : value;
  }
}
