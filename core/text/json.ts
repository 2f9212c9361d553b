import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";

/**
 * Parses JSON of a stranger: nesting is bounded before the parser recurses, and an object that names a member twice
 * is refused, since two readers could see two values (RFC 8259 4).
 * @param text already bounded in bytes by the caller
 * @param depthMax deepest nesting looked at
 * @returns the value, or why it was refused
 */
export function parseBoundedJson(text: string, depthMax: number = limits.jsonDepth): Result<unknown, string> {
  if (deeperThan(text, depthMax)) return err(`nested deeper than ${depthMax}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err("not valid JSON");
  }
  return countMembers(text) === membersOf(value) ? ok(value) : err("a member is named twice");
}

/** Calls `at` for each structural character outside strings. */
function scan(text: string, at: (character: string) => void): void {
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (inString) {
      if (c === "\\") i++;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c !== undefined && "{}[]:".includes(c)) at(c);
  }
}

function deeperThan(text: string, limit: number): boolean {
  let depth = 0;
  let deepest = 0;
  scan(text, (c) => {
    if (c === "{" || c === "[") deepest = Math.max(deepest, ++depth);
    else if (c !== ":") depth--;
  });
  return deepest > limit;
}

/** Every member of every object has exactly one colon outside strings. */
function countMembers(text: string): number {
  let colons = 0;
  scan(text, (c) => {
    if (c === ":") colons++;
  });
  return colons;
}

function membersOf(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + membersOf(item), 0);
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, item) => sum + 1 + membersOf(item), 0);
}
