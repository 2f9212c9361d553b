import createTable from "dynalite/actions/createTable.js";
import type { ActionStore, Callback, Item, Parsed, Store, SubDb, Table } from "dynalite/db/index.js";
import { isRecord } from "./limits.ts";
import { invalid, notFound, Refusal } from "./refusal.ts";

const VIEW_TYPES = ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"];

/** What dynalite does not keep about a table; stored beside its description in one row. */
export interface TableRow {
  readonly description: Table;
  readonly stream?: { readonly viewType: string; readonly label: string; readonly arn: string };
  readonly ttlAttribute?: string;
  readonly deletionProtection: boolean;
}

/** All tables of one engine, in memory and on disk. */
export interface Tables {
  /** @throws ResourceNotFoundException */
  get(name: string): TableRow;
  names(): string[];
  create(data: Parsed, input: Record<string, unknown>, nowMillis: number): Promise<TableRow>;
  update(row: TableRow): Promise<void>;
  delete(name: string): Promise<TableRow>;
  /** `getTable` in dynalite's callback form, for its actions. */
  getTable: ActionStore["getTable"];
}

const rowKey = (name: string): string => `catalogue~${name}`;

/** Reads the catalogue; a table is there, whole, or it is not: one row, one put. */
export async function openTables(store: Store): Promise<Tables> {
  const rows = new Map<string, TableRow>();
  for await (const [, row] of store.db.iterator({ gte: "catalogue~", lt: "catalogue~\xff" })) {
    const known = row as TableRow;
    rows.set(known.description.TableName, known);
  }
  const get = (name: string): TableRow => {
    const row = rows.get(name);
    if (row === undefined) throw notFound(name);
    return row;
  };
  const update = async (row: TableRow): Promise<void> => {
    await store.db.put(rowKey(row.description.TableName), row);
    rows.set(row.description.TableName, row);
  };
  return {
    get,
    names: () => [...rows.keys()].sort(),
    update,
    async create(data, input, nowMillis) {
      const viewType = streamViewType(input.StreamSpecification);
      if (rows.has(data.TableName))
        throw new Refusal(400, "ResourceInUseException", `Table already exists: ${data.TableName}`);
      const row = describeNew(
        await buildDescription(store, data),
        { viewType, deletionProtection: input.DeletionProtectionEnabled === true },
        nowMillis,
      );
      await update(row);
      return row;
    },
    async delete(name) {
      const row = get(name);
      if (row.deletionProtection)
        throw invalid(`Resource cannot be deleted as it is currently protected against deletion: ${name}`);
      rows.delete(name);
      await store.db.batch([{ type: "del", key: rowKey(name) }]);
      for (const prefix of [`item-${name}~`, `index-global~${name}~`, `index-local~${name}~`, `log~${name}~`]) {
        await store.db.clear({ gte: prefix, lt: `${prefix}\xff` });
      }
      return row;
    },
    getTable: (name, checkStatus, callback) => {
      const answer = typeof checkStatus === "function" ? checkStatus : callback;
      const row = rows.get(name);
      if (row === undefined) answer?.(notFound(name));
      else answer?.(null, row.description);
    },
  };
}

/** Lets dynalite write the description into nothing, so that its timer cannot overwrite ours. */
function buildDescription(store: Store, data: Parsed): Promise<Table> {
  const nowhere: SubDb & { awsAccountId: string; awsRegion: string } = {
    awsAccountId: store.tableDb.awsAccountId,
    awsRegion: store.tableDb.awsRegion,
    get: (_key: string, callback: Callback<Item>) => callback(null, undefined),
    put: (_key: string, _value: unknown, callback: Callback<void>) => callback(null),
    del: (_key: string, callback: Callback<void>) => callback(null),
    lock: (_key, run) => run((callback) => callback),
  };
  return new Promise((resolve, reject) => {
    createTable({ ...store, tableDb: nowhere }, data, (error, answer) => {
      if (error) reject(error);
      else resolve(structuredClone(answer?.TableDescription) as Table);
    });
  });
}

function describeNew(
  description: Table,
  { viewType, deletionProtection }: { readonly viewType: string | undefined; readonly deletionProtection: boolean },
  nowMillis: number,
): TableRow {
  description.TableStatus = "ACTIVE";
  for (const index of description.GlobalSecondaryIndexes ?? []) index.IndexStatus = "ACTIVE";
  description.CreationDateTime = nowMillis / 1000;
  const label = new Date(nowMillis).toISOString().slice(0, -1);
  return {
    description,
    deletionProtection,
    ...(viewType === undefined ? {} : { stream: { viewType, label, arn: `${description.TableArn}/stream/${label}` } }),
  };
}

function streamViewType(specification: unknown): string | undefined {
  if (!isRecord(specification) || specification.StreamEnabled !== true) {
    if (isRecord(specification) && specification.StreamViewType !== undefined)
      throw invalid("StreamViewType needs StreamEnabled true");
    return undefined;
  }
  const viewType = specification.StreamViewType;
  if (typeof viewType !== "string" || !VIEW_TYPES.includes(viewType))
    throw invalid(`StreamViewType must be one of ${VIEW_TYPES.join(", ")}`);
  return viewType;
}

/** The description as DescribeTable shows it. */
export function describeTable(row: TableRow): Record<string, unknown> {
  const { description, stream, deletionProtection } = row;
  return {
    ...description,
    DeletionProtectionEnabled: deletionProtection,
    ...(stream === undefined
      ? {}
      : {
          StreamSpecification: { StreamEnabled: true, StreamViewType: stream.viewType },
          LatestStreamArn: stream.arn,
          LatestStreamLabel: stream.label,
        }),
  };
}
