import type { LogEntry } from "../tlog/entry.ts";
import { emptyRoot } from "../tlog/hash.ts";
import type { TreeHead } from "../tlog/proof.ts";

/**
 * How the log stands: one row, and every change of it names the revision it was made from, so that of several writers
 * each step is one's alone.
 */
export interface Head extends TreeHead {
  /** 0 before the log was begun. */
  readonly revision: number;
  /**
   * A batch that was begun: records in the order of the log, the first at index `size`. It stands here before anything
   * is written, so that whoever comes next finishes the very same batch.
   */
  readonly batch?: readonly LogEntry[];
  /** When the log was begun, and when its last batch. */
  readonly startedAtMillis: number;
  readonly begunAtMillis: number;
  /** Size of the last checkpoint that is known to be published. */
  readonly published: number;
}

/** The row of the head. */
export interface HeadStore {
  /** Reads it, strongly consistent. */
  read(): Promise<Head | undefined>;
  /** Writes it if it still has the revision before this one. @returns whether it had */
  write(head: Head): Promise<boolean>;
}

/** The head of a log that nobody has written to. */
export const firstHead = (nowMillis: number): Head => ({
  revision: 0,
  size: 0,
  root: emptyRoot,
  startedAtMillis: nowMillis,
  begunAtMillis: nowMillis,
  published: 0,
});
