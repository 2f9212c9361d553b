import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseAllDocuments, visit } from "yaml";
import type { RegistryDocument, RegistryProblem } from "../../core/registry/document.ts";
import { err, ok, type Result } from "../../core/result.ts";

/** Largest file, most files and most alias expansions that are read. */
const bounds = { fileBytes: 1_048_576, files: 2_000, aliases: 100 };

/** `$${x}` is the text `${x}`; `${x}` is the variable. */
const placeholder = /\$?\$\{([A-Za-z][A-Za-z0-9]*)\}/g;

/** Which files of a folder are meant: its registrations, or the cases beside its policies (`*.test.yaml`). */
export type FolderPart = "registrations" | "cases";

/**
 * Reads a registry's folder: every `*.yaml` and `*.yml` below it, several documents a file allowed, in the order of
 * their names. `${variable}` inside a text is replaced; a variable nobody gave is a problem, not an empty text.
 * @param directory the folder
 * @param variables values by name; they are texts, never YAML
 * @param part which of its files; cases are no registrations
 * @returns the documents with a line for every value, or what is wrong with the files
 */
export async function readRegistryFolder(
  directory: string,
  variables: Readonly<Record<string, string>>,
  part: FolderPart = "registrations",
): Promise<Result<readonly RegistryDocument[], readonly RegistryProblem[]>> {
  const whole = (file: string, message: string) => err([{ file, line: 1, path: "", message }] as const);
  const names = await yamlFiles(directory, part);
  if (names === undefined) return whole(directory, "there is no such folder");
  if (names.length === 0) return whole(directory, `there is no ${extension[part]} file in this folder`);
  if (names.length > bounds.files) return whole(directory, `more than ${bounds.files} files`);
  const documents: RegistryDocument[] = [];
  const problems: RegistryProblem[] = [];
  for (const name of names) {
    const path = join(directory, name);
    if ((await stat(path)).size > bounds.fileBytes) {
      problems.push({ file: name, line: 1, path: "", message: `larger than ${bounds.fileBytes} bytes` });
      continue;
    }
    const read = readDocuments(name, await readFile(path, "utf8"), variables);
    if (read.ok) documents.push(...read.value);
    else problems.push(...read.error);
  }
  return problems.length > 0 ? err(problems) : ok(documents);
}

const extension = { registrations: ".yaml", cases: ".test.yaml" };

const yamlFiles = async (directory: string, part: FolderPart): Promise<readonly string[] | undefined> => {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((e) => e.isFile() && /\.ya?ml$/.test(e.name) && /\.test\.ya?ml$/.test(e.name) === (part === "cases"))
      .map((e) => relative(directory, join(e.parentPath, e.name)))
      .sort();
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR"))
      return undefined;
    throw cause;
  }
};

/**
 * Parses the documents of one file.
 * @param file its name, as problems will say it
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
      // each expansion of an alias is counted: a billion laughs is an error, not a full memory
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
