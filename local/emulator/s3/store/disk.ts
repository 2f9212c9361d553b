/**
 * A bucket on disk: a journal of what happened, the bytes of every version, and beside them the folder that people and
 * tools read, where each current object lies under its key. Both names are links to one file, so nothing is kept twice.
 */
import { randomUUID } from "node:crypto";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import type { Entry } from "./version.ts";

/** Where a bucket lies. */
export interface BucketFolders {
  /** Current objects under their keys, for whoever reads files. */
  readonly readable: string;
  /** Journal and bytes. */
  readonly versions: string;
}

/** A file of the readable folder. */
interface ReadableFile {
  readonly key: string;
  /** When it was last written. */
  readonly atMillis: number;
  bytes(): Buffer;
}

/** A bucket's files. */
interface BucketDisk {
  /** Every line so far; half a line, which a killed process leaves, is none. */
  journal(): Entry[];
  append(entry: Entry): void;
  /** Keeps bytes. @returns the name of their file */
  keep(bytes: Buffer): string;
  read(blob: string): Buffer;
  /** Lets bytes go; an empty name is nothing's. */
  forget(blob: string): void;
  /** Shows these bytes under a key, or nothing there any more. A key that no path can say is not shown. */
  show(key: string, blob: string | undefined): void;
  /** Files of the readable folder, also such as never came through S3. */
  readable(): ReadableFile[];
}

/** Opens a bucket's folders; they are made with the first object. */
export function openDisk({ readable, versions }: BucketFolders): BucketDisk {
  const journal = join(versions, "journal.jsonl");
  const fileOf = (blob: string) => join(versions, blob);
  const ready = () => mkdirSync(versions, { recursive: true, mode: 0o700 });
  return {
    journal() {
      if (!existsSync(journal)) return [];
      const lines = readFileSync(journal, "utf8").split("\n").slice(0, -1);
      return lines.map((line) => JSON.parse(line) as Entry);
    },
    append(entry) {
      ready();
      appendFileSync(journal, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    },
    keep(bytes) {
      ready();
      const blob = randomUUID();
      writeFileSync(fileOf(blob), bytes, { mode: 0o600 });
      return blob;
    },
    read: (blob) => readFileSync(fileOf(blob)),
    forget(blob) {
      // a delete marker has no bytes
      if (blob !== "") rmSync(fileOf(blob), { force: true });
    },
    show(key, blob) {
      const path = pathOf(key);
      if (path === undefined) return;
      const file = join(readable, path);
      if (blob === undefined) return removeFile(file);
      showFile(fileOf(blob), file);
    },
    readable() {
      if (!existsSync(readable)) return [];
      const files = readdirSync(readable, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
      return files.map(({ parentPath, name }) => {
        const file = join(parentPath, name);
        const key = relative(readable, file).split(sep).join("/");
        return { key, atMillis: Math.floor(statSync(file).mtimeMs), bytes: () => readFileSync(file) };
      });
    },
  };
}

/** A key as a path below its bucket's folder; undefined for one that would leave it or that no file can be called. */
function pathOf(key: string): string | undefined {
  const parts = key.split("/");
  const isName = (part: string) =>
    part !== "" && part !== "." && part !== ".." && !part.includes("\0") && Buffer.byteLength(part) <= 255;
  return parts.every(isName) && Buffer.byteLength(key) <= 1024 ? join(...parts) : undefined;
}

function removeFile(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch (thrown) {
    if (!isClash(thrown)) throw thrown;
  }
}

/** S3 holds `a` beside `a/b`; a folder cannot: the bytes are kept all the same, under no second name. */
const isClash = (thrown: unknown): boolean =>
  ["EEXIST", "ENOTDIR", "EISDIR", "ENOTEMPTY", "ERR_FS_EISDIR"].includes((thrown as NodeJS.ErrnoException).code ?? "");

/** Puts a second name of a file in place at once; a reader sees the old bytes or the new ones. */
function showFile(from: string, to: string): void {
  const fresh = `${from}.shown`;
  rmSync(fresh, { force: true });
  try {
    linkSync(from, fresh);
  } catch {
    // a file system without hard links
    copyFileSync(from, fresh);
  }
  try {
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    renameSync(fresh, to);
  } catch (thrown) {
    if (!isClash(thrown)) throw thrown;
    rmSync(fresh, { force: true });
  }
}
