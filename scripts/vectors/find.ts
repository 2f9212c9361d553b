import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Topic, VectorDocument } from "./document.ts";
import { VectorFolder } from "./folder.ts";
import { topics } from "./topics.ts";

/** What stands under a path. */
export interface Found {
  /** Documents with a note of what they should come to. */
  readonly documents: readonly VectorDocument[];
  /** Files nobody left a note for, as folder and name. */
  readonly untold: readonly (readonly [folder: VectorFolder, file: string])[];
}

/** Deepest folder that is looked into. */
const depthMax = 8;
/** Prose, and Wycheproof's schemas. */
const prose = /\.md$|^LICENSE|\.schema\.(json|yaml)$|_schema_v\d+\.json$|_common\.json$/;
/** Cases of what is not verified here, as Wycheproof's for other algorithms: beside manifests too, nobody must take them for tried. */
const otherCases = /(_test|-cases)\.json$/;

/**
 * Finds the documents of a manifest, or under a folder; any other file is a document without a note. Manifests are known by name and shape; a folder with none in it or above it
 * gives each of its files.
 * @param path file or folder
 * @param name how it is called in the report
 * @throws Error of the file system when it cannot be read
 */
export function findDocuments(path: string, name = basename(path)): Found {
  if (statSync(path).isFile()) {
    const folder = new VectorFolder(dirname(path), "");
    const documents = manifest(folder, basename(path));
    return documents ? { documents, untold: [] } : { documents: [], untold: [[folder, basename(path)]] };
  }
  return findIn(path, name, false, 0);
}

function findIn(path: string, name: string, told: boolean, depth: number): Found {
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const folder = new VectorFolder(path, name);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  const read = files.map((file) => [file, manifest(folder, file)] as const);
  const hasManifest = read.some(([file, documents]) => documents !== undefined && file.endsWith(".json"));
  const documents = read.flatMap(([, given]) => given ?? []);
  const fits = (file: string) => (told || hasManifest ? otherCases.test(file) : !prose.test(file));
  const left = read.filter(([file, given]) => given === undefined && fits(file));
  const untold = left.map(([file]) => [folder, file] as const);
  const below = depth < depthMax ? entries.filter((entry) => entry.isDirectory()) : [];
  const deeper = below.map((entry) =>
    findIn(join(path, entry.name), join(name, entry.name), told || hasManifest, depth + 1),
  );
  return {
    documents: [...documents, ...deeper.flatMap((found) => found.documents)],
    untold: [...untold, ...deeper.flatMap((found) => found.untold)],
  };
}

/** The documents of a file that is a manifest; one that is called so and cannot be read fails. */
function manifest(folder: VectorFolder, file: string): readonly VectorDocument[] | undefined {
  const asked = topics.filter((topic) => topic.manifest.test(file));
  if (asked.length === 0) return undefined;
  try {
    const content = file.endsWith(".json") ? folder.json(file) : undefined;
    const documents = firstReading(asked, content, folder, file);
    return documents ?? (otherCases.test(file) ? undefined : unreadable(folder, file, "is no manifest known here"));
  } catch (cause) {
    return unreadable(folder, file, cause instanceof Error ? cause.message : String(cause));
  }
}

function firstReading(asked: readonly Topic[], content: unknown, folder: VectorFolder, file: string) {
  for (const topic of asked) {
    const documents = topic.documents(content, folder, file);
    if (documents) return documents;
  }
  return undefined;
}

function unreadable(folder: VectorFolder, file: string, why: string): readonly VectorDocument[] {
  const judge = () => {
    throw new Error(why);
  };
  return [{ file: folder.label(file), said: "manifest", expected: ["valid"], judge }];
}
