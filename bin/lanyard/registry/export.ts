import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import type { Registration } from "../../../core/model/registry.ts";
import { Refused } from "../terminal/outcome.ts";

/** The file of a registration: each agent has its own, and all others have one file for each kind. */
const fileOf = ({ kind, name }: Registration): string => (kind === "agent" ? `agents/${name}.yaml` : `${kind}.yaml`);

/**
 * Registrations as a folder: file name → YAML. Applying it changes nothing. It has no placeholders, since values were
 * applied; a text that looks like a placeholder is escaped.
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
 * @param directory an empty or missing folder, so that exported files are never mixed with others
 * @returns names of the files written
 * @throws Refused when the folder is not empty
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
