/**
 * Checks the walls between the folders: who imports whom, which packages, and what pure code may not touch.
 * `node scripts/walls.ts [folder]` prints each offence as `file:line` and ends with 1 when there is one.
 */
import { readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Reference, readSource } from "./walls/read-source.ts";
import { bannedFolders, impure, topFolders, type Wall, wallOf } from "./walls/rules.ts";
import { files, folders } from "./walls/tree.ts";

/** Something on the wrong side of a wall. */
export interface Offence {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

/**
 * Checks a tree.
 * @param root the project's folder
 * @returns all offences, in the order of the files
 */
export function offences(root: string): Offence[] {
  return [...folderOffences(root), ...files(root).flatMap((file) => fileOffences(root, file))];
}

function folderOffences(root: string): Offence[] {
  return folders(root).flatMap((folder) => {
    const [top = "", ...below] = folder.split("/");
    if (below.length === 0 && !topFolders.has(top)) {
      return [{ file: `${folder}/`, line: 1, what: "there is no such room; the architecture names the folders" }];
    }
    const name = below.at(-1) ?? top;
    if (!bannedFolders.has(name)) return [];
    return [{ file: `${folder}/`, line: 1, what: `no folder is called ${name}: a thing lives with what it serves` }];
  });
}

function fileOffences(root: string, file: string): Offence[] {
  const wall = wallOf(file);
  const { references, lines } = readSource(readFileSync(join(root, file), "utf8"));
  const found = references.flatMap((reference) => {
    const what = wrongImport(file, reference, wall);
    return what === undefined ? [] : [{ file, line: reference.line, what }];
  });
  if (!wall.pure) return found;
  const touched = lines.flatMap((code, index) =>
    impure.flatMap(({ pattern, instead }) =>
      pattern.test(code) ? [{ file, line: index + 1, what: `${wall.name} is pure: ${instead}` }] : [],
    ),
  );
  return [...found, ...touched];
}

function wrongImport(file: string, { specifier }: Reference, wall: Wall): string | undefined {
  if (!specifier.startsWith(".")) {
    return allowed(wall.packages, specifier) ? undefined : `${wall.name} may not import the package ${specifier}`;
  }
  const target = posix.join(posix.dirname(file), specifier);
  return allowed(wall.own, target) ? undefined : `${wall.name} may not import ${target}`;
}

/** An entry allows itself and, when it ends with `/`, everything below it; `"all"` allows everything. */
function allowed(entries: readonly string[] | "all", name: string): boolean {
  if (entries === "all") return true;
  return entries.some((entry) => name === entry || (entry.endsWith("/") && name.startsWith(entry)));
}

if (import.meta.main) {
  const given = process.argv[2];
  const found = offences(given ? resolve(given) : fileURLToPath(new URL("../", import.meta.url)));
  for (const { file, line, what } of found) process.stdout.write(`${file}:${line} ${what}\n`);
  if (found.length > 0) {
    process.stdout.write(`${found.length} on the wrong side of a wall\n`);
    process.exitCode = 1;
  }
}
