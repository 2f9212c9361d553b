/**
 * Checks the walls: which folder imports which, and which packages; that core's imports go down its storeys and no files
 * import each other in a circle; what pure code may not touch; that every threat and decision that is cited is there; that
 * each function has its page among the endpoints, whose list is what its code does.
 * `node scripts/walls.ts [folder]` prints each offence as `file:line` and ends with 1 when there is one.
 */
import { readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { circlesOf } from "./walls/circles.ts";
import { citationOffences } from "./walls/citations.ts";
import { knownCircles } from "./walls/known-circles.ts";
import { pageOffences } from "./walls/pages.ts";
import { type Reference, readSource, type Source } from "./walls/read-source.ts";
import { bannedFolders, impure, topFolders, type Wall, wallOf } from "./walls/rules.ts";
import { wrongPlace, wrongWay } from "./walls/storeys.ts";
import { files, folders } from "./walls/tree.ts";

/** Something on the wrong side of a wall. */
interface Offence {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

/**
 * Checks a tree.
 * @param root the project's folder
 * @param known circles that are no offence as long as they are there
 * @returns all offences: of folders, of files in their order, of circles, of what is cited, of the functions' pages
 */
export function offences(root: string, known: readonly (readonly string[])[] = knownCircles): Offence[] {
  const sources = files(root).map((file) => ({ file, ...readSource(readFileSync(join(root, file), "utf8")) }));
  return [
    ...folderOffences(root),
    ...sources.flatMap(fileOffences),
    ...circleOffences(sources, known),
    ...citationOffences(root),
    ...pageOffences(root),
  ];
}

interface Read extends Source {
  readonly file: string;
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

function fileOffences({ file, references, lines }: Read): Offence[] {
  const wall = wallOf(file);
  const place = wrongPlace(file);
  const found = references.flatMap((reference) => {
    const what = wrongImport(file, reference, wall);
    return what === undefined ? [] : [{ file, line: reference.line, what }];
  });
  if (place !== undefined) found.unshift({ file, line: 1, what: place });
  if (!wall.pure) return found;
  const touched = lines.flatMap((code, index) =>
    impure.flatMap(({ pattern, instead }) =>
      pattern.test(code) ? [{ file, line: index + 1, what: `${wall.name} is pure: ${instead}` }] : [],
    ),
  );
  return [...found, ...touched];
}

/** Types count here too: a circle of types is read as one file, however many it is in. */
function circleOffences(sources: readonly Read[], listed: readonly (readonly string[])[]): Offence[] {
  const targets = new Map(
    sources.map(({ file, references }) => [file, references.map(({ specifier }) => targetOf(file, specifier))]),
  );
  const names = (circle: readonly string[]) => circle.join(", ");
  const found = new Set(circlesOf(targets).map(names));
  const known = new Set(listed.map(names));
  const at = (circle: string, what: string): Offence => ({ file: circle.split(", ")[0] ?? circle, line: 1, what });
  return [
    ...[...found].filter((circle) => !known.has(circle)).map((circle) => at(circle, `imports in a circle: ${circle}`)),
    ...[...known]
      .filter((circle) => !found.has(circle))
      .map((circle) => at(circle, `this circle is gone; take it out of scripts/walls/known-circles.ts: ${circle}`)),
  ];
}

function wrongImport(file: string, { specifier }: Reference, wall: Wall): string | undefined {
  if (!specifier.startsWith(".")) {
    return allowed(wall.packages, specifier) ? undefined : `${wall.name} may not import the package ${specifier}`;
  }
  const target = targetOf(file, specifier);
  return allowed(wall.own, target) ? wrongWay(file, target) : `${wall.name} may not import ${target}`;
}

/** The file that a relative import means, from the repository's root. */
const targetOf = (file: string, specifier: string): string => posix.join(posix.dirname(file), specifier);

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
