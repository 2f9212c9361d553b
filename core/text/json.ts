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
  const { deepest, colons } = shapeOf(text);
  if (deepest > depthMax) return err(`nested deeper than ${depthMax}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err("not valid JSON");
  }
  // every member of every object has exactly one colon outside strings
  return colons === membersOf(value) ? ok(value) : err("a member is named twice");
}

const quote = 0x22;
const backslash = 0x5c;

/** One walk over the structural characters outside strings: every token passes here, so strings are jumped over. */
function shapeOf(text: string): { readonly deepest: number; readonly colons: number } {
  let depth = 0;
  let deepest = 0;
  let colons = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === quote) i = endOfString(text, i);
    else if (c === 0x3a) colons++;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > deepest) deepest = depth;
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  return { deepest, colons };
}

/** Where the string that begins at `start` ends; the end of the text where it does not. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

/** Whether an odd number of backslashes stands before a quote. */
function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === backslash) before--;
  return (at - before) % 2 === 0;
}

function membersOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const item of value) members += membersOf(item);
    return members;
  }
  for (const item of Object.values(value)) members += 1 + membersOf(item);
  return members;
}
