import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** What a bundler asks about an import; rolldown's and esbuild's plugins are both made of it. */
type Resolved = string | undefined;

/**
 * Where there is no Node, `x.web.ts` takes the place of `x.ts` beside it: the same names, made of what every runtime has.
 * @param specifier as it is imported
 * @param importer the importing file
 * @returns the twin's path; undefined for a file that has none
 * @throws Error for a module of Node's: a bundle with one would load nowhere else
 */
export function twinOf(specifier: string, importer: string): Resolved {
  if (specifier.startsWith("node:")) throw new Error(`${importer} needs ${specifier}, and has no twin without it`);
  if (!specifier.startsWith(".") || !specifier.endsWith(".ts")) return undefined;
  const twin = join(dirname(importer), specifier.replace(/\.ts$/, ".web.ts"));
  return existsSync(twin) ? twin : undefined;
}
