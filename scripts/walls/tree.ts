/** The files and folders of ours, as the walls and the house's figures see them. */
import { readdirSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";

/** Folders that hold nothing of ours. */
const skipped = new Set(["node_modules", "dist", "cdk.out", "coverage", "fixtures"]);
/** Data alone; a folder of that name elsewhere is code like any other. */
const vectors = join("test", "vectors");

const isSkipped = (root: string, path: string): boolean =>
  basename(path).startsWith(".") || skipped.has(basename(path)) || relative(root, path) === vectors;

/** A path as it is written in the repository: from its root, with slashes. */
const within = (root: string, path: string): string => relative(root, path).split(sep).join("/");

/** Every folder below the root, each before what is in it. */
export function folders(root: string, folder: string = root): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !isSkipped(root, join(folder, entry.name)))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return [within(root, path), ...folders(root, path)];
    })
    .sort();
}

/**
 * Every file below the root whose name ends in a given way.
 * @param ending what a name must match; source files unless told otherwise
 */
export function files(root: string, ending: RegExp = source, folder: string = root): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return isSkipped(root, path) ? [] : files(root, ending, path);
      return ending.test(entry.name) ? [within(root, path)] : [];
    })
    .sort();
}

const source = /\.(ts|mts|cts|js|mjs|cjs)$/;
