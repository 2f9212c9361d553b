/** Hashes of what something was made from. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** SHA-256 in hexadecimal. */
export const hashOf = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");

/** Hash of one file; a file that is not there has a hash of its own, so that its coming is a change. */
export const hashFile = (file: string): string =>
  existsSync(file) && statSync(file).isFile() ? hashOf(readFileSync(file)) : "absent";

/**
 * Every file below a folder, as paths relative to it, sorted; links are followed.
 * @param folder one that is not there holds nothing
 */
export function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const within = (below: string): string[] =>
    readdirSync(join(folder, below)).flatMap((name) => {
      const path = below === "" ? name : `${below}/${name}`;
      return statSync(join(folder, path)).isDirectory() ? within(path) : [path];
    });
  return within("").sort();
}

/** Tells the hash of a file; `hashFile`, or one that remembers. */
export type Hasher = (file: string) => string;

/**
 * Hashes each file once, however many ask: functions share most of their files. For looking up what is kept alone: what is
 * made must be held against the files as they are then.
 */
export function hashOnce(): Hasher {
  const known = new Map<string, string>();
  return (file) => {
    const hash = known.get(file) ?? hashFile(file);
    known.set(file, hash);
    return hash;
  };
}

/** Name and hash of every file below a folder. */
export const hashesBelow = (folder: string, hash: Hasher = hashFile): Record<string, string> =>
  Object.fromEntries(filesBelow(folder).map((file) => [file, hash(join(folder, file))]));
