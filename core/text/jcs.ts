import { err, ok, type Result } from "../model/result.ts";

/**
 * Canonical JSON (RFC 8785): what two parties sign and verify of one value.
 * @param value parsed JSON, bounded in depth
 * @returns the text, or why the value has none: a text that is half a character, a number that readers disagree about
 */
export function canonicalText(value: unknown): Result<string, string> {
  switch (typeof value) {
    case "boolean":
      return ok(String(value));
    case "string":
      // section 3.2.2.2: a lone surrogate is an error
      return /\p{Surrogate}/u.test(value) ? err("a text is half a character") : ok(JSON.stringify(value));
    case "number":
      return isAgreed(value) ? ok(JSON.stringify(value)) : err("a number is beyond what every reader can represent");
    case "object":
      return value === null ? ok("null") : Array.isArray(value) ? canonicalList(value) : canonicalMap(value);
    default:
      return err("a value is not one of JSON");
  }
}

/** Section 3.2.2.3: numbers are doubles. Integers above 2^53 are different numbers to different readers. */
const isAgreed = (value: number): boolean => Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER;

function canonicalList(values: readonly unknown[]): Result<string, string> {
  const texts: string[] = [];
  for (const value of values) {
    const text = canonicalText(value);
    if (!text.ok) return text;
    texts.push(text.value);
  }
  return ok(`[${texts.join(",")}]`);
}

function canonicalMap(map: object): Result<string, string> {
  const texts: string[] = [];
  // section 3.2.3: by UTF-16 code units, as JavaScript compares
  for (const [name, value] of Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [key, text] = [canonicalText(name), canonicalText(value)];
    if (!key.ok) return key;
    if (!text.ok) return text;
    texts.push(`${key.value}:${text.value}`);
  }
  return ok(`{${texts.join(",")}}`);
}
