import type { Item } from "dynalite/db/index.js";

/** Lists and maps that may hold each other; the value inside the last is DynamoDB's 32nd level. */
const MAX_NESTING = 31;

/**
 * JSON text that is the same for the same content: object keys sorted, members of sets sorted, number text untouched.
 * Used to tell whether a write changed anything and whether two requests are the same.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => {
      const isSet = (name === "SS" || name === "NS" || name === "BS") && Array.isArray(member);
      return `${JSON.stringify(name)}:${canonicalJson(isSet ? [...member].sort() : member)}`;
    });
  return `{${members.join(",")}}`;
}

/** Bytes of an item as DynamoDB counts them: UTF-8 names and values (dynalite counts UTF-16 units, which is kinder). */
export function itemSizeBytes(item: Item | undefined): number {
  let sum = 0;
  for (const [name, value] of Object.entries(item ?? {})) sum += Buffer.byteLength(name) + valueSizeBytes(value);
  return sum;
}

function valueSizeBytes(value: unknown): number {
  const [type, content] = Object.entries(value as Record<string, unknown>)[0] ?? [];
  if (type === "S") return Buffer.byteLength(String(content));
  if (type === "B") return Buffer.byteLength(String(content), "base64");
  if (type === "N") return 1 + Math.ceil(String(content).replace(/[-.]|^0+/g, "").length / 2);
  if (type === "BOOL" || type === "NULL") return 1;
  const many = content as unknown[];
  if (type === "SS") return many.reduce((sum: number, one) => sum + valueSizeBytes({ S: one }), 0);
  if (type === "NS") return many.reduce((sum: number, one) => sum + valueSizeBytes({ N: one }), 0);
  if (type === "BS") return many.reduce((sum: number, one) => sum + valueSizeBytes({ B: one }), 0);
  if (type === "L") return many.reduce((sum: number, one) => sum + 1 + valueSizeBytes(one), 3);
  if (type === "M") return 3 + Object.keys(content as Item).length + itemSizeBytes(content as Item);
  return 0;
}

/** True when lists and maps of an attribute value nest deeper than DynamoDB allows. Never recurses past the limit. */
export function nestsTooDeep(value: unknown, depth = 0): boolean {
  const content = value as { L?: unknown[]; M?: Item } | null;
  const members = content?.L ?? (content?.M ? Object.values(content.M) : undefined);
  if (members === undefined) return false;
  if (depth >= MAX_NESTING) return true;
  return Array.isArray(members) && members.some((member) => nestsTooDeep(member, depth + 1));
}
