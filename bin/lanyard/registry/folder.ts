import { join } from "node:path";
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseAllDocuments, visit } from "yaml";
import type { RegistryDocument, RegistryProblem } from "../../../core/model/registry-document.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";
import { listFolder, readText } from "./folder-files.ts";

/** Largest file, most files and most alias expansions that are read. */
const bounds = { fileBytes: 1_048_576, files: 2_000, aliases: 100 };

/** `${x}` is replaced by the variable's value; `$${x}` stands for the text `${x}`. */
const placeholder = /\$?\$\{([A-Za-z][A-Za-z0-9]*)\}/g;

/** Which files of a folder are meant: its registrations, or the cases beside its policies (`*.test.yaml`). */
type FolderPart = "registrations" | "cases";

/**
 * Reads a registry's folder: every `*.yaml` and `*.yml` below it, with endings in any case and through links, in the
 * order of their names. A file may have several documents. `${variable}` inside a text is replaced; a variable without
 * a value is a problem, not an empty text.
 * @param directory the folder
 * @param variables values by name; they are texts, never YAML
 * @param part which of its files to read; cases are not registrations
 * @returns the documents with a line for every value, or what is wrong with the files
 */
export async function readRegistryFolder(
  directory: string,
  variables: Readonly<Record<string, string>>,
  part: FolderPart = "registrations",
): Promise<Result<readonly RegistryDocument[], readonly RegistryProblem[]>> {
  const whole = (file: string, message: string) => err([{ file, line: 1, path: "", message }] as const);
  const listed = await listFolder(directory, bounds.files);
  if (listed === undefined) return whole(directory, "there is no such folder");
  const { names, problems: unread } = listed;
  const wanted = names.filter((name) => isYaml(name) && isCases(name) === (part === "cases"));
  if (names.length > bounds.files) return whole(directory, `more than ${bounds.files} files`);
  if (wanted.length === 0 && unread.length === 0)
    return whole(directory, `there is no ${extension[part]} file in this folder`);
  const documents: RegistryDocument[] = [];
  const problems: RegistryProblem[] = [...unread];
  for (const name of wanted) {
    const text = await readText(join(directory, name), bounds.fileBytes);
    const read = text.ok ? readDocuments(name, text.value, variables) : whole(name, text.error);
    if (read.ok) documents.push(...read.value);
    else problems.push(...read.error);
  }
  return problems.length > 0 ? err(problems) : ok(documents);
}

const extension = { registrations: ".yaml", cases: ".test.yaml" };
const isProse = (name: string): boolean => /\.md$/i.test(name);
const isYaml = (name: string): boolean => /\.ya?ml$/i.test(name);
const isCases = (name: string): boolean => /\.test\.ya?ml$/i.test(name);

/**
 * Files in a registry's folder that are not read as part of it, except pages of prose (`*.md`).
 * @returns their names, so that an operator notices a policy in a file that is not read
 */
export async function skippedFiles(directory: string): Promise<readonly string[]> {
  const listed = await listFolder(directory, bounds.files);
  return listed ? [...listed.names.filter((name) => !isYaml(name) && !isProse(name)), ...listed.hidden] : [];
}

/** The line that names them. */
export const skippedLine = (names: readonly string[]): string =>
  `not read, since no registration ends so: ${names.slice(0, 20).join(", ")}${names.length > 20 ? ` and ${names.length - 20} more` : ""}`;

/**
 * Parses the documents of one file.
 * @param file its name, for messages
 * @param text YAML 1.2; a repeated key, a merge key, a custom tag or an alias bomb is a problem
 */
export function readDocuments(
  file: string,
  text: string,
  variables: Readonly<Record<string, string>>,
): Result<readonly RegistryDocument[], readonly RegistryProblem[]> {
  const counter = new LineCounter();
  const lineAt = (offset: number) => counter.linePos(offset).line;
  const parsed = parseAllDocuments(text, { lineCounter: counter, version: "1.2", schema: "core", customTags: [] });
  if (!Array.isArray(parsed)) return ok([]);
  const problems: RegistryProblem[] = [];
  const documents: RegistryDocument[] = [];
  for (const document of parsed) {
    for (const fault of [...document.errors, ...document.warnings])
      problems.push({ file, line: lineAt(fault.pos[0]), path: "", message: fault.message.split("\n")[0] ?? "" });
    if (document.errors.length + document.warnings.length > 0 || document.contents === null) continue;
    visit(document, {
      Scalar(key, scalar) {
        if (key === "key" || typeof scalar.value !== "string") return;
        const line = lineAt(scalar.range?.[0] ?? 0);
        scalar.value = fill(scalar.value, variables, (name) =>
          problems.push({ file, line, path: "", message: `nobody gave a value for \${${name}}` }),
        );
      },
    });
    const lines = linesOf(document.contents, lineAt);
    try {
      // each expansion of an alias is counted, so an alias bomb is an error and does not fill the memory
      const value: unknown = document.toJS({ maxAliasCount: bounds.aliases });
      documents.push({ file, line: lines.get("") ?? 1, value, lines });
    } catch (cause) {
      problems.push({ file, line: lines.get("") ?? 1, path: "", message: String(cause) });
    }
  }
  return problems.length > 0 ? err(problems) : ok(documents);
}

const fill = (text: string, variables: Readonly<Record<string, string>>, unknown: (name: string) => void): string =>
  text.replace(placeholder, (found, name: string) => {
    if (found.startsWith("$$")) return found.slice(1);
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value === undefined) unknown(name);
    return value ?? found;
  });

/** The line of every value by its path. */
const linesOf = (root: Node, lineAt: (offset: number) => number): Map<string, number> => {
  const lines = new Map<string, number>();
  const walk = (node: unknown, path: readonly string[], offset: number | undefined): void => {
    if (offset !== undefined) lines.set(path.join("."), lineAt(offset));
    if (isMap(node))
      for (const pair of node.items)
        if (isPair(pair) && isScalar(pair.key))
          walk(pair.value, [...path, String(pair.key.value)], pair.key.range?.[0]);
    if (isSeq(node))
      node.items.forEach((item, i) => {
        walk(item, [...path, String(i)], (item as Node).range?.[0]);
      });
  };
  walk(root, [], root.range?.[0]);
  return lines;
};
