/** Reads a source file as far as the house's figures need it: what it imports and exports, and its functions. */
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { parseSync } from "rolldown/utils";
import { files } from "../walls/tree.ts";
import { functionsOf, type Measured } from "./functions.ts";

/** One file as read. */
export interface Source {
  readonly file: string;
  readonly imports: readonly Import[];
  readonly exports: readonly { readonly name: string; readonly line: number }[];
  readonly functions: readonly Measured[];
}

/** One import, export-from or dynamic import of a file of ours. */
interface Import {
  /** The file meant, from the repository's root. */
  readonly target: string;
  readonly line: number;
  /** Names taken from it; `*` is all of them. */
  readonly names: readonly string[];
}

/** Parses every source file below a root; declarations of other people's packages are left out. */
export function readSources(root: string): readonly Source[] {
  return files(root)
    .filter((file) => !file.endsWith(".d.ts"))
    .map((file) => readSource(file, readFileSync(join(root, file), "utf8")));
}

/**
 * Parses one file.
 * @param file its path from the repository's root
 * @throws when it does not parse: a figure about a file that was not read would be a guess
 */
export function readSource(file: string, text: string): Source {
  const { program, module, errors } = parseSync(file, text, { lang: /\.[cm]?ts$/.test(file) ? "ts" : "js" });
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]?.message}`);
  const lineOf = lines(text);
  const found: Import[] = [];
  const add = (specifier: string, offset: number, names: readonly string[]) => {
    if (specifier.startsWith("."))
      found.push({ target: posix.join(posix.dirname(file), specifier), line: lineOf(offset), names });
  };
  for (const { moduleRequest, start, entries } of module.staticImports)
    add(
      moduleRequest.value,
      start,
      entries.map(({ importName }) => nameOf(importName.kind, importName.name)),
    );
  const exported = module.staticExports.flatMap(({ entries }) => entries);
  for (const { moduleRequest, importName, start } of exported)
    if (moduleRequest) add(moduleRequest.value, start, [nameOf(importName.kind, importName.name)]);
  for (const { moduleRequest } of module.dynamicImports) {
    const specifier = /^(["'`])([^$]+)\1$/.exec(text.slice(moduleRequest.start, moduleRequest.end))?.[2];
    if (specifier !== undefined) add(specifier, moduleRequest.start, ["*"]);
  }
  return {
    file,
    imports: found,
    exports: exported.flatMap(({ exportName, start }) => {
      const name = exportName.kind === "Default" ? "default" : exportName.name;
      return name ? [{ name, line: lineOf(start) }] : [];
    }),
    functions: functionsOf(program, lineOf),
  };
}

/** A namespace, or everything re-exported, takes all names. */
const nameOf = (kind: string, name: string | null | undefined): string =>
  kind === "Name" ? (name ?? "*") : kind === "Default" ? "default" : "*";

/** Tells the line of an offset. */
function lines(text: string): (offset: number) => number {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
