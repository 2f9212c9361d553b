import { readEntry } from "../../../../core/tlog/entry.ts";
import { tileWidth } from "../../../../core/tlog/tile.ts";
import { readEntries, type Tree } from "../../../../core/tlog/tree.ts";

/** Where an entry is, and its bytes. */
export interface Place {
  readonly index: number;
  readonly entry: Buffer;
}

/** Bundles that are searched at one time. */
const atOnce = 32;

/**
 * Finds the entries of records, from the newest backwards, until it has all of them.
 * @returns by event id; those that the log has not are absent
 */
export async function placesOf(
  eventIds: readonly string[],
  tree: Tree,
  progress: (done: number) => void,
): Promise<ReadonlyMap<string, Place>> {
  const wanted = new Set(eventIds);
  const found = new Map<string, Place>();
  for (let end = Math.ceil(tree.size / tileWidth); end > 0 && found.size < wanted.size; end -= atOnce) {
    const first = Math.max(0, end - atOnce);
    const bundles = await Promise.all(Array.from({ length: end - first }, (_, n) => readEntries(tree, first + n)));
    for (const [n, entries] of bundles.entries())
      for (const [at, entry] of entries.entries()) {
        const read = readEntry(entry);
        if (read.ok && wanted.has(read.value.eventId))
          found.set(read.value.eventId, { index: (first + n) * tileWidth + at, entry });
      }
    progress(tree.size - first * tileWidth);
  }
  return found;
}
