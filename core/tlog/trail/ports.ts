import type { NoteKey } from "../note-key.ts";
import type { ReadTile } from "../tree.ts";

/** A checkpoint that was kept, before it is read: its size and when its object arrived, by the store's clock. */
export interface KeptName {
  readonly size: number;
  readonly arrivedAtMillis: number;
}

/** One line of the audit, as it is stored. */
export interface TrailLine {
  readonly text: string;
  /** Object and line, for people. */
  readonly where: string;
  /** When the object arrived, by the store's clock. */
  readonly writtenAtMillis: number;
}

/** Where a trail is read from. Nothing that comes from it is believed before it was held against a signed root. */
export interface TrailPorts {
  readonly read: ReadTile;
  /** The current checkpoint. */
  checkpoint(): Promise<string | undefined>;
  /** All checkpoints that were kept, in any order. */
  kept(): Promise<readonly KeptName[]>;
  keptCheckpoint(size: number): Promise<string | undefined>;
  /** Lines of the objects that arrived from one moment to before another. */
  lines(fromMillis: number, beforeMillis: number): AsyncIterable<TrailLine>;
}

/** A log as its verifier knows it beforehand. */
export interface KnownLog {
  readonly origin: string;
  /** Keys of which one must have signed. */
  readonly keys: readonly NoteKey[];
  /** Witnesses of which at least `quorum` must have signed the current checkpoint. */
  readonly witnesses?: { readonly keys: readonly NoteKey[]; readonly quorum: number };
}

/** What is asked of a trail. */
export interface TrailQuestion {
  readonly log: KnownLog;
  /** By when objects and checkpoints arrived; without an end, all of it. */
  readonly fromMillis?: number;
  readonly toMillis?: number;
  /** Until when the trail was written: what arrived just before may lack its counterpart still. */
  readonly nowMillis: number;
  /** Whether it is still being written, so that a silence up to now is one. */
  readonly isLive: boolean;
  /** Checkpoints of this log that were kept elsewhere, and where. */
  readonly known: readonly { readonly from: string; readonly note: string }[];
}

/** How long a record may take to its checkpoint and its object without being missed. */
export const pendingMillis = 15 * 60_000;
/** How much older than the checkpoint before its own a record may be: its way through stream, relay and sealer. */
export const lateMillis = 15 * 60_000;
/** How far the clocks of functions may be ahead of the store's. */
export const skewMillis = 60_000;
/** Longest silence of a log: it writes an entry every hour, also when there is nothing to write. */
export const silenceMillis = 125 * 60_000;
/** How far beyond its ends a window is read at first, and then for what was not found. */
export const marginMillis = 3_600_000;
export const farMarginMillis = 25 * 3_600_000;
/** Most entries that one verification holds in memory. */
export const entriesMax = 5_000_000;
