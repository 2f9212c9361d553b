import { join } from "node:path";
import { isMap, isScalar, isSeq, parseAllDocuments, type YAMLMap } from "yaml";
import { Refused, Usage } from "../terminal/outcome.ts";
import { listFolder, readText } from "./folder-files.ts";

/** Largest file and most files that are looked into. */
const bounds = { fileBytes: 1_048_576, files: 2_000 };

/** A registration in a file of a registry's folder, as it is written there. */
export interface WrittenRegistration {
  /** Its file, from the folder. */
  readonly file: string;
  /** The file's whole text. */
  readonly text: string;
  readonly map: YAMLMap;
}

/** A change of one place of a file's text. */
export interface TextEdit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * Finds one registration in a folder, with the places of its members in the text: an edit leaves everything else as its
 * authors wrote it, comments and placeholders included.
 * @throws Usage when there is none, or several; Refused for a file that cannot be read
 */
export async function findRegistration(directory: string, kind: string, name: string): Promise<WrittenRegistration> {
  const listed = await listFolder(directory, bounds.files);
  if (!listed) throw new Usage(`there is no folder ${directory}`);
  const found: WrittenRegistration[] = [];
  for (const file of listed.names.filter((one) => /\.ya?ml$/i.test(one) && !/\.test\.ya?ml$/i.test(one))) {
    const text = await readText(join(directory, file), bounds.fileBytes);
    if (!text.ok) throw new Refused(`${file}: ${text.error}`);
    found.push(...registrationsIn({ file, text: text.value }, kind, name));
  }
  const [one, ...others] = found;
  if (one && others.length === 0) return one;
  throw new Usage(`${directory} holds ${one ? "several registrations" : "no registration"} of ${kind} ${name}`);
}

/** The registrations of a kind and name in one file's text. @throws Refused for a text that is no YAML */
export const registrationsIn = (
  { file, text }: Pick<WrittenRegistration, "file" | "text">,
  kind: string,
  name: string,
): readonly WrittenRegistration[] =>
  mapsIn(file, text)
    .filter((map) => map.get("kind") === kind && map.get("name") === name)
    .map((map) => ({ file, text, map }));

function mapsIn(file: string, text: string): readonly YAMLMap[] {
  const documents = parseAllDocuments(text, { version: "1.2", schema: "core", customTags: [] });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const [fault] = document.errors;
    if (fault) throw new Refused(`${file}: ${fault.message.split("\n")[0]}`);
    return isMap(document.contents) ? [document.contents] : [];
  });
}

/** Carries edits out. */
export const edited = (text: string, edits: readonly TextEdit[]): string =>
  edits
    .toSorted((a, b) => b.from - a.from)
    .reduce((whole, edit) => whole.slice(0, edit.from) + edit.text + whole.slice(edit.to), text);

/** The maps of a list that is a member of a map. */
export function mapsOf(map: YAMLMap, member: string): readonly YAMLMap[] {
  const value: unknown = map.get(member);
  return isSeq(value) ? value.items.filter((item) => isMap(item)) : [];
}

/** Where a node stands in its file. */
const rangeOf = (node: unknown): readonly [from: number, to: number] | undefined => {
  const range = (node as { readonly range?: readonly [number, number, number] | null } | null | undefined)?.range;
  return range ? [range[0], range[1]] : undefined;
};

/**
 * The edit that gives a member of a map a value.
 * @param value in YAML's flow form on one line, or a block, whose lines each begin with a line's end
 */
export function setMember(
  text: string,
  map: YAMLMap,
  { name, value }: { readonly name: string; readonly value: string },
): TextEdit {
  const member = map.items.find(({ key }) => isScalar(key) && key.value === name);
  const gap = value.startsWith("\n") ? "" : " ";
  const [key, old] = [rangeOf(member?.key), rangeOf(member?.value)];
  // from behind the name: a block that stood there began on a line of its own
  // to where its text ends: a block's range goes on over the empty lines behind it
  if (key && old) return { from: key[1], to: Math.max(old[0], trimmed(text, old[1])), text: `:${gap}${value}` };
  const last = map.items.at(-1);
  const [, end] = rangeOf(last?.value) ?? rangeOf(last?.key) ?? [0, 0];
  if (map.flow) return { from: end, to: end, text: `, ${name}: ${value}` };
  const [first] = rangeOf(map.items[0]?.key) ?? [0];
  const column = first - (text.lastIndexOf("\n", first - 1) + 1);
  const at = lineEnd(text, end);
  return { from: at, to: at, text: `\n${" ".repeat(column)}${name}:${gap}${value}` };
}

const trimmed = (text: string, end: number): number => text.slice(0, end).trimEnd().length;

/** Behind a value and the remark beside it; a value in block form ends behind the end of its line. */
function lineEnd(text: string, end: number): number {
  const at = trimmed(text, end);
  return at + (/^[ \t]+#[^\n]*/.exec(text.slice(at))?.[0].length ?? 0);
}

/**
 * The edits that change items of a list that is a member of a map, and put others behind them.
 * @param items by their place what an item becomes, in flow form on one line; places beyond the last are new
 */
export function setItems(
  text: string,
  map: YAMLMap,
  { name, items }: { readonly name: string; readonly items: ReadonlyMap<number, string> },
): readonly TextEdit[] {
  const list: unknown = map.get(name);
  const ranges = isSeq(list) ? list.items.flatMap((item) => [rangeOf(item) ?? [0, 0]]) : [];
  const added = [...items].filter(([at]) => at >= ranges.length).map(([, value]) => value);
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (!isSeq(list) || !first || !last)
    return added.length === 0
      ? []
      : [setMember(text, map, { name, value: added.map((one) => `\n  - ${one}`).join("") })];
  const edits = ranges.flatMap(([from, to], at): readonly TextEdit[] => {
    const value = items.get(at);
    return value === undefined ? [] : [{ from, to: Math.max(from, trimmed(text, to)), text: value }];
  });
  if (added.length === 0) return edits;
  if (list.flow) return [...edits, { from: last[1], to: last[1], text: added.map((one) => `, ${one}`).join("") }];
  const line = text.slice(text.lastIndexOf("\n", first[0] - 1) + 1, first[0]);
  const behind = lineEnd(text, last[1]);
  // the dash of the first item stands where all of them do
  return [...edits, { from: behind, to: behind, text: added.map((one) => `\n${line}${one}`).join("") }];
}
