import { type Dirent, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Topic, unreadable, type VectorDocument } from "./document.ts";
import { VectorFolder } from "./folder.ts";
import { topics } from "./topics.ts";

/** What stands under a path. */
export interface Found {
  /** Documents with a note of what they should come to, and what could not be read, which fails. */
  readonly documents: readonly VectorDocument[];
  /** Files nobody left a note for, as folder and name. */
  readonly untold: readonly Untold[];
}

/** A file that is no manifest. */
export interface Untold {
  readonly folder: VectorFolder;
  readonly file: string;
  /** It lies beside or below a manifest, so that it may be what a note hands to a case. */
  readonly told: boolean;
}

/** Deepest folder that is looked into. */
const depthMax = 8;
/** How far above what was given a manifest may say that its files are named from: it may be a part of a collection. */
const aboveGiven = "../..";
/** Prose, and Wycheproof's schemas. */
const prose = /\.md$|^LICENSE|\.schema\.(json|yaml)$|_schema_v\d+\.json$|_common\.json$/;

/**
 * Finds the documents of a manifest, or under a folder; any other file is a document without a note. Manifests are known
 * by name and shape; whatever has such a name and cannot be read fails, as does what is neither a file nor a folder.
 * @param path file or folder
 * @param read paths that this run has read so far; more are added
 * @throws Error of the file system when the path itself cannot be read
 */
export function findDocuments(path: string, read: Set<string> = new Set()): Found {
  const name = basename(path);
  if (statSync(path).isFile()) {
    const folder = new VectorFolder(dirname(path), "", { top: join(dirname(path), aboveGiven), read });
    const documents = manifest(folder, basename(path));
    return documents
      ? { documents, untold: [] }
      : { documents: [], untold: [{ folder, file: basename(path), told: false }] };
  }
  const entries = readdirSync(path);
  const found = findIn(path, name, { top: join(path, aboveGiven), read, told: false, depth: 0 });
  return entries.length > 0 ? found : { documents: [unreadable(name, "is an empty folder")], untold: [] };
}

function findIn(
  path: string,
  name: string,
  {
    top,
    read: seen,
    told,
    depth,
  }: { readonly top: string; readonly read: Set<string>; readonly told: boolean; readonly depth: number },
): Found {
  let entries: readonly Dirent[];
  try {
    entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return { documents: [unreadable(name, "is a folder that cannot be read")], untold: [] };
  }
  const folder = new VectorFolder(path, name, { top, read: seen });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  const read = files.map((file) => [file, manifest(folder, file)] as const);
  const below = told || read.some(([file, documents]) => documents !== undefined && file.endsWith(".json"));
  const left = read.filter(([file, given]) => given === undefined && !prose.test(file));
  const inner = entries.filter((entry) => !entry.isFile()).map((entry) => findOther(entry, folder));
  const deeper = inner.map((other) =>
    typeof other !== "string"
      ? { documents: [other], untold: [] }
      : depth < depthMax
        ? findIn(join(path, other), join(name, other), { top, read: seen, told: below, depth: depth + 1 })
        : { documents: [unreadable(join(name, other), `is deeper than ${depthMax} folders`)], untold: [] },
  );
  return {
    documents: [...read.flatMap(([, given]) => given ?? []), ...deeper.flatMap((found) => found.documents)],
    untold: [...left.map(([file]) => ({ folder, file, told: below })), ...deeper.flatMap((found) => found.untold)],
  };
}

/** The name of a folder, or a failure: a link may lead out of what was given, or round in circles. */
const findOther = (entry: Dirent, folder: VectorFolder): string | VectorDocument =>
  entry.isDirectory() ? entry.name : unreadable(folder.label(entry.name), "is neither a file nor a folder");

/** The documents of a file that is called like a manifest; one of another shape, or unreadable, fails. */
function manifest(folder: VectorFolder, file: string): readonly VectorDocument[] | undefined {
  const asked = topics.filter((topic) => topic.manifest.test(file));
  if (asked.length === 0) return undefined;
  try {
    return firstReading(asked, folder, file) ?? [unreadable(folder.label(file), "is no manifest known here")];
  } catch (cause) {
    return [unreadable(folder.label(file), cause instanceof Error ? cause.message : String(cause))];
  }
}

function firstReading(asked: readonly Topic[], folder: VectorFolder, file: string) {
  const content = file.endsWith(".json") ? folder.json(file) : undefined;
  for (const topic of asked) {
    const documents = topic.documents(content, folder, file);
    if (documents) return documents;
  }
  return undefined;
}
