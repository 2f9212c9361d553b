import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import type { Registration } from "../../../core/model/registry.ts";
import { Refused } from "../terminal/outcome.ts";

/** Where a registration goes: an agent into a file of its own, all others one file a kind. */
const fileOf = ({ kind, name }: Registration): string => (kind === "agent" ? `agents/${name}.yaml` : `${kind}.yaml`);

/**
 * Registrations as the folder that would make them: file name → YAML. Applying it changes nothing. Placeholders are
 * gone, since what was applied are values; a text that looks like one is escaped, so that it stays a text.
 */
export function folderOf(rows: readonly Registration[]): ReadonlyMap<string, string> {
  const documents = new Map<string, string[]>();
  const sorted = [...rows].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const row of sorted) {
    const file = fileOf(row);
    documents.set(file, [...(documents.get(file) ?? []), stringify(escaped(row), { lineWidth: 120 })]);
  }
  return new Map([...documents].map(([file, texts]) => [file, texts.join("---\n")]));
}

/** `${x}` in a value would be read as a placeholder. */
const escaped = (value: unknown): unknown => {
  if (typeof value === "string") return value.replace(/\$\{[A-Za-z][A-Za-z0-9]*\}/g, (found) => `$${found}`);
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, escaped(inner)]));
};

/**
 * Writes the folder.
 * @param directory an empty or missing folder: what is there already is never mixed with what is exported
 * @returns names of the files written
 * @throws Refused when something is there
 */
export async function writeFolder(directory: string, rows: readonly Registration[]): Promise<readonly string[]> {
  const there = await readdir(directory).catch(() => []);
  if (there.length > 0) throw new Refused(`${directory} is not empty: export into a folder of its own`);
  const folder = folderOf(rows);
  for (const [file, text] of folder) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), text);
  }
  return [...folder.keys()];
}
