import type { Action, ActionStore, Callback, Item, Parsed, Store, SubDb } from "dynalite/db/index.js";
import { refuseByItem, refuseImage } from "./limits.ts";
import type { TableRow, Tables } from "./tables.ts";

/** One item that a request would change. */
export interface Change {
  readonly row: TableRow;
  /** dynalite's key of the item within its table. */
  readonly key: string;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
}

/** A request's view of the store: reads see the disk and what was collected, writes are only collected. */
export interface Overlay {
  /** Runs one of dynalite's actions against the view. */
  run(action: Action, data: Parsed): Promise<Record<string, unknown>>;
  read(table: string, key: string): Promise<Item | undefined>;
  delete(row: TableRow, key: string, before: Item): void;
  changes(): Change[];
}

/** Opens an empty overlay over the disk. Only the single writer may hold one that it commits. */
export function openOverlay(store: Store, tables: Tables): Overlay {
  const collected = new Map<string, Change>();

  async function read(table: string, key: string): Promise<Item | undefined> {
    const change = collected.get(`${table}~${key}`);
    if (change !== undefined) return structuredClone(change.after);
    return (await store.db.get(`item-${table}~${key}`)) as Item | undefined;
  }
  async function write(table: string, key: string, after: Item | undefined): Promise<void> {
    const row = tables.get(table);
    const image = after === undefined ? undefined : (JSON.parse(JSON.stringify(after)) as Item);
    const refusal = image === undefined ? undefined : refuseImage(row.description, image);
    if (refusal !== undefined) throw refusal;
    const known = collected.get(`${table}~${key}`);
    const before = known === undefined ? await read(table, key) : known.before;
    collected.set(`${table}~${key}`, { row, key, before, after: image });
  }
  function run(action: Action, data: Parsed): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      /** An exception inside dynalite's callback must fail this request, not the process. */
      const answer = <T>(work: Promise<T>, callback: Callback<T>): void => {
        work
          .then(
            (value) => callback(null, value),
            (error) => callback(error),
          )
          .catch(reject);
      };
      const guarded = async (table: string, key: string): Promise<Item | undefined> => {
        const item = await read(table, key);
        const refusal = refuseByItem(data, item);
        if (refusal !== undefined) throw refusal;
        return item;
      };
      const itemDb = (table: string): SubDb => ({
        get: (key, callback) => answer(guarded(table, key), callback as Callback<Item | undefined>),
        put: (key, value, callback) => answer(write(table, key, value as Item), callback),
        del: (key, callback) => answer(write(table, key, undefined), callback),
        lock: (_key, locked) => locked((callback) => callback),
      });
      const view: ActionStore = {
        options: store.options,
        getTable: tables.getTable,
        getItemDb: itemDb,
        getIndexDb: () => NOWHERE,
      };
      action(view, data, (error, body) => (error ? reject(error) : resolve(body ?? {})));
    });
  }
  return {
    run,
    read,
    delete: (row, key, before) =>
      void collected.set(`${row.description.TableName}~${key}`, { row, key, before, after: undefined }),
    changes: () => [...collected.values()],
  };
}

/** dynalite's own index entries go nowhere: the commit derives them from each item's two images (indexes.ts). */
const NOWHERE: SubDb = {
  get: (_key, callback) => callback(null, undefined),
  put: (_key, _value, callback) => callback(null),
  del: (_key, callback) => callback(null),
  lock: (_key, run) => run((callback) => callback),
};
