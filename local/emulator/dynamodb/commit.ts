import type { BatchOperation, Store } from "dynalite/db/index.js";
import type { FaultPoints } from "./faults.ts";
import { indexOperations } from "./indexes.ts";
import type { Change } from "./overlay.ts";
import { isUnchanged, type StreamLog } from "./stream/log.ts";

/** Commits what an overlay collected. */
export type Commit = (changes: readonly Change[], more?: { token?: BatchOperation; byTtl?: boolean }) => Promise<void>;

/**
 * The one write path: items, index entries, stream records and the idempotency token go to disk in ONE batch, so that no
 * crash can part them. Only the single writer may call it.
 */
export function createCommit(store: Store, log: StreamLog, points: FaultPoints): Commit {
  return async (changes, more = {}) => {
    const changed = changes.filter((change) => !isUnchanged(change));
    const { operations: records, appended } = log.append(changed, more.byTtl ?? false);
    const operations: BatchOperation[] = [
      ...changed.flatMap((change) => [itemOperation(change), ...indexOperations(change)]),
      ...records,
      ...(more.token === undefined ? [] : [more.token]),
    ];
    points.atCommit("before");
    if (operations.length > 0) await store.db.batch(operations);
    points.atCommit("after");
    appended();
  };
}

function itemOperation({ row, key, after }: Change): BatchOperation {
  const path = `item-${row.description.TableName}~${key}`;
  return after === undefined ? { type: "del", key: path } : { type: "put", key: path, value: after };
}
