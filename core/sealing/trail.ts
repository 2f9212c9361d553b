import type { LogEntry } from "../tlog/entry.ts";

/** Where a record stands. */
export interface ObjectVersion {
  readonly key: string;
  readonly versionId: string;
}

/** What is known of a record, from two tables, both read strongly consistent. */
export interface Known {
  /** Its hash, as the transaction of the grant stored it in the Outbox. */
  readonly recorded?: string;
  /** Its hash, as the relay noted it in table Leaves; it outlives the record in the Outbox. */
  readonly noted?: string;
}

/** Records, as their lines in objects are compared with them. */
export interface Trail {
  /** What is known of each of these ids; nothing of an id that is missing in the answer. */
  known(eventIds: readonly string[]): Promise<ReadonlyMap<string, Known>>;
  /** Notes in which object a record stands, unless it is known of another, and takes it off the index. */
  seen(record: LogEntry, object: ObjectVersion): Promise<void>;
}
