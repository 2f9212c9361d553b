import { itemSizeBytes } from "./images.ts";
import { indexOperations } from "./indexes.ts";
import type { Change } from "./overlay.ts";

/**
 * ConsumedCapacity of a transaction: two write units per started KB of each item, one per KB of each index entry written.
 * A model of what AWS bills, not its measurement.
 * @param wish ReturnConsumedCapacity
 */
export function transactionCapacity(wish: unknown, changes: readonly Change[]): Record<string, unknown> {
  if (wish !== "TOTAL" && wish !== "INDEXES") return {};
  const units = new Map<string, number>();
  for (const change of changes) {
    const table = change.row.description.TableName;
    const item = 2 * kilobytes(Math.max(itemSizeBytes(change.before), itemSizeBytes(change.after)));
    const entries = indexOperations(change).map((operation) =>
      operation.type === "put" ? kilobytes(itemSizeBytes(operation.value as NonNullable<Change["after"]>)) : 1,
    );
    units.set(table, (units.get(table) ?? 0) + item + entries.reduce((sum, one) => sum + one, 0));
  }
  const capacity = [...units].map(([TableName, CapacityUnits]) => ({
    TableName,
    CapacityUnits,
    WriteCapacityUnits: CapacityUnits,
  }));
  return { ConsumedCapacity: capacity };
}

function kilobytes(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 1024));
}
