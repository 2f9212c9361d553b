import { readCheckpoint } from "../../../../core/tlog/checkpoint.ts";
import { readEntry } from "../../../../core/tlog/entry.ts";
import { tileWidth } from "../../../../core/tlog/tile.ts";
import { readEntries, remembering } from "../../../../core/tlog/tree.ts";
import type { AuditStore } from "./store.ts";
import { trailOf } from "./trail.ts";

/** A record that the log should hold, and, where it is known, with which hash. */
export interface Sought {
  readonly eventId: string;
  readonly hash?: string;
}

/** Bundles that are read at one time, and at most. */
const atOnce = 32;
const bundlesMost = 4_096;

/**
 * Of some records, those that the log does not hold, or holds with another hash; searched from the newest backwards, over
 * a million entries at most. The bucket is believed, which the sealer alone writes: whether its log is the one that was
 * signed, `audit verify` says.
 */
export async function notSealed(store: AuditStore, records: readonly Sought[]): Promise<readonly Sought[]> {
  const trail = trailOf(store);
  const note = await trail.checkpoint();
  const checkpoint = note === undefined ? undefined : readCheckpoint(note.slice(0, note.indexOf("\n\n") + 1));
  if (!checkpoint?.ok) return records;
  const { size } = checkpoint.value;
  const tree = remembering({ size, read: trail.read });
  const missing = new Map(records.map((record) => [record.eventId, record]));
  const end = Math.ceil(size / tileWidth);
  for (let to = end; to > Math.max(0, end - bundlesMost) && missing.size > 0; to -= atOnce) {
    const from = Math.max(0, to - atOnce);
    const bundles = await Promise.all(Array.from({ length: to - from }, (_, n) => readEntries(tree, from + n)));
    for (const bytes of bundles.flat()) {
      const entry = readEntry(bytes);
      if (!entry.ok) continue;
      const sought = missing.get(entry.value.eventId);
      if (sought && (sought.hash === undefined || sought.hash === entry.value.hash)) missing.delete(sought.eventId);
    }
  }
  return [...missing.values()];
}
