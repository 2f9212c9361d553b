import type {
  ActionStore,
  BatchOperation,
  Item,
  Parsed,
  Snapshot,
  Store,
  StreamRange,
  Table,
} from "dynalite/db/index.js";
import db from "dynalite/db/index.js";
import type { Change } from "./overlay.ts";
import type { Tables } from "./tables.ts";

/**
 * The index entries that follow from one item's change. dynalite ends an index key in 24 bits of an MD5 over the table's
 * key, so that items under one busy index key overwrite each other; ours ends in the whole table key besides.
 */
export function indexOperations(change: Change): BatchOperation[] {
  const table = change.row.description;
  const suffix = `/${change.key}`;
  const operations: BatchOperation[] = [];
  for (const kind of ["Global", "Local"] as const) {
    const indexes = table[`${kind}SecondaryIndexes`] ?? [];
    const prefix = (index: string): string => `index-${kind.toLowerCase()}~${table.TableName}~${index}~`;
    const { puts, deletes } = db.getIndexActions(indexes, change.before, change.after, table);
    for (const { index, key } of deletes) operations.push({ type: "del", key: prefix(index) + key + suffix });
    for (const { index, key, item } of puts)
      operations.push({ type: "put", key: prefix(index) + key + suffix, value: item });
  }
  return operations;
}

/**
 * The store for one Query or Scan: where it continues behind a start key, the bound gets the same suffix as the entries,
 * else a page would repeat or skip the items that share dynalite's 24 bits.
 * @param data the checked request
 * @param snapshot when given, indexes are read as of it
 */
export function readingStore(
  { store, tables }: { readonly store: Store; readonly tables: Tables },
  data: Parsed,
  snapshot: Snapshot | undefined,
): ActionStore {
  const table = tables.get(data.TableName).description;
  return {
    options: store.options,
    getTable: tables.getTable,
    getItemDb: (name) => store.getItemDb(name),
    getIndexDb: (kind, tableName, indexName) => {
      const inner = store.getIndexDb(kind, tableName, indexName);
      return {
        ...inner,
        createValueStream: (range) =>
          inner.createValueStream?.({
            ...exactBounds(range, table, data),
            ...(snapshot === undefined ? {} : { snapshot }),
          }),
      };
    },
  };
}

function exactBounds(range: StreamRange, table: Table, data: Parsed): StreamRange {
  const start = data.ExclusiveStartKey;
  const index = [...(table.GlobalSecondaryIndexes ?? []), ...(table.LocalSecondaryIndexes ?? [])].find(
    ({ IndexName }) => IndexName === data.IndexName,
  );
  if (start === undefined || index === undefined) return range;
  const short = db.createIndexKey(start, table, index.KeySchema);
  const whole = `${short}/${db.createKey(tableKey(start, table), table)}`;
  return {
    ...range,
    ...(range.gt === short ? { gt: whole } : {}),
    ...(range.lt === short ? { lt: whole } : {}),
  };
}

function tableKey(item: Item, table: Table): Item {
  return Object.fromEntries(table.KeySchema.map(({ AttributeName }) => [AttributeName, item[AttributeName] ?? {}]));
}
