import type { BatchOperation, Item, Store } from "dynalite/db/index.js";
import { canonicalJson, itemSizeBytes } from "../images.ts";
import type { Change } from "../overlay.ts";
import { Refusal } from "../refusal.ts";
import type { Tables } from "../tables.ts";

const DAY_MILLIS = 86_400_000;

/** One stream record, in the form in which Lambda hands it to a function. */
export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: "INSERT" | "MODIFY" | "REMOVE";
  readonly eventVersion: "1.1";
  readonly eventSource: "aws:dynamodb";
  readonly awsRegion: string;
  readonly eventSourceARN: string;
  /** Only when the TTL service deleted the item. */
  readonly userIdentity?: { readonly type: "Service"; readonly principalId: "dynamodb.amazonaws.com" };
  readonly dynamodb: {
    /** Seconds since 1970. */
    readonly ApproximateCreationDateTime: number;
    readonly Keys: Item;
    readonly NewImage?: Item;
    readonly OldImage?: Item;
    /** Sorts as text. */
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: string;
  };
}

/** Reading side of the streams, and the checkpoints of those who read. */
export interface Streams {
  /** Records behind a sequence number (undefined: from the oldest kept), oldest first. @throws ResourceNotFoundException without a stream */
  read(table: string, afterSequence: string | undefined, limit: number): Promise<StreamRecord[]>;
  /** The sequence number that every later record exceeds. */
  latestSequence(): string;
  /** Calls back after each commit that appended; returns how to stop that. */
  onAppend(table: string, listener: () => void): () => void;
  readCheckpoint(id: string): Promise<string | undefined>;
  writeCheckpoint(id: string, sequence: string): Promise<void>;
}

/** The engine's side: turns changes into records of the same batch. */
export interface StreamLog {
  readonly streams: Streams;
  append(changes: readonly Change[], byTtl: boolean): { operations: BatchOperation[]; appended: () => void };
  /** Deletes records older than 24 hours; returns how many. */
  trim(): Promise<number>;
}

const sequenceText = (sequence: number): string => `1${String(sequence).padStart(20, "0")}`;
const logKey = (table: string, sequence: string): string => `log~${table}~${sequence}`;

/** True when the write changed nothing: DynamoDB writes no stream record then. */
export function isUnchanged({ before, after }: Change): boolean {
  return (
    before === after || (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after))
  );
}

/** Opens the log; the sequence continues behind the last one that was ever committed. */
export async function openStreamLog(store: Store, tables: Tables, nowMillis: () => number): Promise<StreamLog> {
  let sequence = ((await store.db.get("sequence")) as number | undefined) ?? 0;
  const listeners = new Map<string, Set<() => void>>();
  const streamed = (table: string): void => {
    if (tables.get(table).stream !== undefined) return;
    throw new Refusal(400, "ResourceNotFoundException", `Requested resource not found: table ${table} has no stream`);
  };
  const streams: Streams = {
    async read(table, afterSequence, limit) {
      streamed(table);
      const from = afterSequence === undefined ? { gte: logKey(table, "") } : { gt: logKey(table, afterSequence) };
      const records: StreamRecord[] = [];
      for await (const [, record] of store.db.iterator({ ...from, lt: logKey(table, "\xff"), limit }))
        records.push(record as StreamRecord);
      return records;
    },
    latestSequence: () => sequenceText(sequence),
    onAppend(table, listener) {
      streamed(table);
      const known = listeners.get(table) ?? new Set();
      listeners.set(table, known.add(listener));
      return () => void known.delete(listener);
    },
    readCheckpoint: async (id) => (await store.db.get(`checkpoint~${id}`)) as string | undefined,
    writeCheckpoint: (id, reached) => store.db.put(`checkpoint~${id}`, reached),
  };
  return {
    streams,
    append(changes, byTtl) {
      const touched = new Set<string>();
      const operations: BatchOperation[] = [];
      for (const change of changes) {
        const record = toRecord(change, {
          sequence: sequenceText(sequence + 1),
          nowMillis: nowMillis(),
          region: store.tableDb.awsRegion,
          byTtl,
        });
        if (record === undefined) continue;
        sequence += 1;
        const table = change.row.description.TableName;
        operations.push({ type: "put", key: logKey(table, record.dynamodb.SequenceNumber), value: record });
        touched.add(table);
      }
      if (touched.size > 0) operations.push({ type: "put", key: "sequence", value: sequence });
      const appended = (): void => {
        for (const table of touched) for (const listener of listeners.get(table) ?? []) listener();
      };
      return { operations, appended };
    },
    trim: () => trim(store, tables, nowMillis() - DAY_MILLIS),
  };
}

/** What a record says beside the change itself. */
interface Written {
  readonly sequence: string;
  readonly nowMillis: number;
  readonly region: string;
  readonly byTtl: boolean;
}

function toRecord(change: Change, { sequence, nowMillis, region, byTtl }: Written): StreamRecord | undefined {
  const { row, before, after } = change;
  const { stream, description } = row;
  const either = after ?? before;
  if (stream === undefined || either === undefined) return undefined;
  const withNew = stream.viewType === "NEW_IMAGE" || stream.viewType === "NEW_AND_OLD_IMAGES";
  const withOld = stream.viewType === "OLD_IMAGE" || stream.viewType === "NEW_AND_OLD_IMAGES";
  const images = {
    Keys: Object.fromEntries(
      description.KeySchema.map(({ AttributeName }) => [AttributeName, either[AttributeName] ?? {}]),
    ),
    ...(withNew && after !== undefined ? { NewImage: after } : {}),
    ...(withOld && before !== undefined ? { OldImage: before } : {}),
  };
  return {
    eventID: sequence,
    eventName: before === undefined ? "INSERT" : after === undefined ? "REMOVE" : "MODIFY",
    eventVersion: "1.1",
    eventSource: "aws:dynamodb",
    awsRegion: region,
    eventSourceARN: stream.arn,
    ...(byTtl ? { userIdentity: { type: "Service", principalId: "dynamodb.amazonaws.com" } as const } : {}),
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(nowMillis / 1000),
      ...images,
      SequenceNumber: sequence,
      SizeBytes: Object.values(images).reduce((sum, image) => sum + itemSizeBytes(image), 0),
      StreamViewType: stream.viewType,
    },
  };
}

async function trim(store: Store, tables: Tables, oldestMillis: number): Promise<number> {
  const deletes: BatchOperation[] = [];
  for (const table of tables.names()) {
    for await (const [key, record] of store.db.iterator({ gte: logKey(table, ""), lt: logKey(table, "\xff") })) {
      if ((record as StreamRecord).dynamodb.ApproximateCreationDateTime * 1000 >= oldestMillis) break;
      deletes.push({ type: "del", key });
    }
  }
  await store.db.batch(deletes);
  return deletes.length;
}
