/** What the source maps of a package call the files they were made from. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What stands before a file's path from the root of the repository. */
export const sourcePrefix = "lanyard:///";

// a module that a bundler's plugin makes has no file: `builtin:https`, `builtin-by-name:crypto`
const madeByPlugin = /^[a-z-]+:@?\w[\w/.-]*$/;

/**
 * Names the sources of every map below a folder by their place in the repository. A bundler names them by the way from the
 * folder it wrote to: with another folder than the repository's own, that way holds the folders of the machine.
 * @throws where a source lies outside the repository
 */
export function placeSources(dist: string): void {
  for (const name of readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((each) => each.endsWith(".map"))) {
    const file = join(dist, name);
    const map = JSON.parse(readFileSync(file, "utf8")) as { sources: string[]; sourceRoot?: string };
    const from = resolve(dirname(file), map.sourceRoot ?? "");
    const sources = map.sources.map((source) => (madeByPlugin.test(source) ? source : placed(resolve(from, source))));
    writeFileSync(file, JSON.stringify({ ...map, sourceRoot: undefined, sources }));
  }
}

function placed(path: string): string {
  const place = relative(root, path);
  if (place.startsWith("..") || isAbsolute(place))
    throw new Error(`${path} is in a source map and not in the repository`);
  return sourcePrefix + place.replaceAll("\\", "/");
}
