/** AWS allows 50 tags, so AWS did not make a document with more. */
const entriesMax = 100;
const charactersMax = 2_048;

/**
 * Reads an optional map of strings from a foreign document; absent is empty.
 * @returns undefined when it is anything else, or larger than AWS makes them
 */
export function parseBoundedStrings(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  const fine = entries.every(
    (entry): entry is [string, string] => typeof entry[1] === "string" && entry[1].length <= charactersMax,
  );
  return fine && entries.length <= entriesMax ? Object.fromEntries(entries) : undefined;
}
