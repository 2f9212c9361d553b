import type { LogEntry } from "../tlog/entry.ts";

/** A record without a place in the log. */
export interface Unplaced extends LogEntry {
  /** An operator had it sent again before it had a place. */
  readonly isRedriven?: boolean;
}

/**
 * Table Leaves, as the log's writer uses it. Its index is a list of work and no evidence: it may lag behind, show what
 * is done, and a row may be forged. What is written to the log is read again from where the grant's own transaction
 * stored it.
 */
export interface Worklist {
  /** Ids of records that the index shows without a place in the log, those that wait longest first. */
  waiting(most: number): Promise<readonly string[]>;
  /**
   * Of these records, those that have no place yet, each with the hash that the Outbox has, in their order. Both are
   * read strongly consistent; a record that is not in the Outbox is left out.
   */
  unplaced(eventIds: readonly string[]): Promise<readonly Unplaced[]>;
  /**
   * Notes that a record has its place, and takes it off the index. Noting the same place again changes nothing.
   * @throws when the record has another place already
   */
  place(eventId: string, index: number): Promise<void>;
}
