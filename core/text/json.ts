import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";

/**
 * Parses JSON from an untrusted sender. Nesting is bounded before the parser recurses. An object that names a member
 * twice is refused, since two readers could see two values (RFC 8259 4).
 * @param text already bounded in bytes by the caller
 * @param depthMax deepest nesting accepted
 * @returns the value, or why it was refused
 */
export function parseBoundedJson(text: string, depthMax: number = limits.jsonDepth): Result<unknown, string> {
  const { deepest, colons } = shapeOf(text);
  if (deepest > depthMax) return err(`nested deeper than ${depthMax}`);
  let value: unknown;
  let written: readonly string[] | undefined;
  try {
    // escapes are rare in names and cheap to look for. Without a backslash in the text, every name is written as it
    // reads
    const plain = text.includes("\\") ? withPlainNames(text) : undefined;
    value = JSON.parse(plain?.text ?? text);
    written = plain?.names;
  } catch {
    return err("not valid JSON");
  }
  // every member of every object has exactly one colon outside strings
  if (colons !== membersOf(value)) return err("a member is named twice");
  return written === undefined || isSame(written, namesOf(value, [])) ? ok(value) : err("a member has an unfit name");
}

/**
 * The same JSON with needless escapes in names resolved. V8's parser guesses a name from objects it has seen before,
 * and compares the guess with the text before it resolves escapes. After an object with the name `\`, it read a second
 * `"\u0061"` behind `a` as that name, so a member that was named twice counted as two. Names that need an escape are
 * compared after parsing.
 * @param text only names are changed, so a text that is not JSON does not become JSON
 * @throws when a name is not a JSON string
 */
function withPlainNames(text: string): { readonly text: string; readonly names: readonly string[] } {
  const names: string[] = [];
  let plain = "";
  let from = 0;
  let [start, end] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === quote) {
      start = i;
      i = endOfString(text, i);
      end = i + 1;
    } else if (c === 0x3a) {
      // a name is the last string before its colon
      const name: string = JSON.parse(text.slice(start, end));
      names.push(name);
      plain += text.slice(from, start) + JSON.stringify(name);
      from = end;
    }
  }
  return { text: plain + text.slice(from), names };
}

/** Whether two lists hold the same names, in any order. */
function isSame(some: readonly string[], others: readonly string[]): boolean {
  const [one, other] = [some.toSorted(), others.toSorted()];
  return one.length === other.length && one.every((name, at) => name === other[at]);
}

function namesOf(value: unknown, names: string[]): string[] {
  if (typeof value !== "object" || value === null) return names;
  if (!Array.isArray(value)) for (const name of Object.keys(value)) names.push(name);
  for (const item of Object.values(value)) namesOf(item, names);
  return names;
}

const quote = 0x22;
const backslash = 0x5c;

/**
 * One walk over the structural characters outside strings. Every token is parsed by way of this function, so it skips
 * strings instead of reading them.
 */
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

/** Where the string that begins at `start` ends; the end of the text where it is not closed. */
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
