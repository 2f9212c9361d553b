/** Folders that are kept by the hash of what they were made from, and used again only while they are whole. */
import { randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Hasher, hashesBelow, hashFile } from "./hash.ts";

/** Where bundles and assemblies are kept; it may be removed at any time. */
export const usualStore = fileURLToPath(new URL("../../.lanyard/kept", import.meta.url));

const sums = "sums.json";
const content = "content";
/** Older ones go when there are more than this, but never one that was used within a day: a cloud may run on it. */
const most = 8;
const restMillis = 86_400_000;

/**
 * A kept folder.
 * @param store where folders are kept
 * @param key name of the one that is wanted: it holds the hash of everything that it is made from
 * @param hash remembers, for whoever asks for the folder's hashes next
 * @returns its path; undefined when there is none, or when a file of it is missing, changed or too much
 */
export function find(store: string, key: string, hash: Hasher = hashFile): string | undefined {
  const place = join(store, key);
  try {
    const expected = readFileSync(join(place, sums), "utf8");
    if (expected !== JSON.stringify(hashesBelow(join(place, content), hash))) return undefined;
    const now = new Date();
    utimesSync(place, now, now);
    return join(place, content);
  } catch {
    return undefined;
  }
}

/**
 * Makes a folder and keeps it. It appears under its key in one step, so that no run ever sees half of it.
 * @param fill fills an empty folder, and says under which key it may be kept; undefined = not at all
 * @returns the folder's path, kept or not, and what `fill` said
 */
export async function make<T extends { readonly key: string | undefined }>(
  store: string,
  fill: (folder: string) => Promise<T>,
): Promise<{ readonly folder: string; readonly made: T }> {
  mkdirSync(store, { recursive: true, mode: 0o700 });
  const half = join(store, `.${process.pid}-${randomUUID()}`);
  mkdirSync(join(half, content), { recursive: true, mode: 0o700 });
  try {
    const made = await fill(join(half, content));
    writeFileSync(join(half, sums), JSON.stringify(hashesBelow(join(half, content))));
    // what may not be kept is used once, under a name that nobody looks for
    const key = made.key ?? `once-${randomUUID()}`;
    const folder = putInPlace(half, store, key);
    forgetOld(store);
    return { folder, made };
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
}

/**
 * What another run made meanwhile from the same inputs stays where it is: a cloud may run on it already, and would find its
 * functions and stacks gone. Only a broken one is replaced.
 */
function putInPlace(half: string, store: string, key: string): string {
  const place = join(store, key);
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      renameSync(half, place);
      return join(place, content);
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      if (code !== "ENOTEMPTY" && code !== "EEXIST") throw thrown;
      const whole = find(store, key);
      if (whole !== undefined) return whole;
      const away = `${half}-old`;
      if (existsSync(place)) renameSync(place, away);
      rmSync(away, { recursive: true, force: true });
    }
  }
  throw new Error(`${place} is being replaced again and again: is another run stuck?`);
}

function forgetOld(store: string): void {
  const places = readdirSync(store, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ path: join(store, name), usedMillis: usedMillisOf(join(store, name)) }))
    .sort((a, b) => b.usedMillis - a.usedMillis);
  for (const { path, usedMillis } of places.slice(most))
    if (Date.now() - usedMillis > restMillis) rmSync(path, { recursive: true, force: true });
}

function usedMillisOf(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return Date.now();
  }
}
