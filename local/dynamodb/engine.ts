import { mkdirSync } from "node:fs";
import type { Parsed } from "dynalite/db/index.js";
import db from "dynalite/db/index.js";
import { createCommit } from "./commit.ts";
import { createFaults, type Faults } from "./faults.ts";
import { readingStore } from "./indexes.ts";
import { isRecord } from "./limits.ts";
import { openOverlay } from "./overlay.ts";
import { invalid, Refusal, refusalBody, refusalName } from "./refusal.ts";
import { ACTIONS, checkRequest } from "./requests.ts";
import { openStreamLog, type Streams } from "./stream-log.ts";
import { describeTable, openTables } from "./tables.ts";
import { forgetTokens, type TransactionGround, transactGet, transactWrite } from "./transact.ts";
import { describeTimeToLive, sweepExpired, updateTimeToLive } from "./ttl.ts";

/** How often the sweeper looks. */
const SWEEP_EVERY_MILLIS = 60_000;
/** The timed sweeper leaves expired items this long, so that code which forgets its own expiry check is caught. */
const SWEEP_LAG_SECONDS = 900;

/** Options of an embedded DynamoDB. */
export interface DynamoDbOptions {
  /** Where its data lives (made with mode 0700); absent: in memory. */
  readonly directory?: string;
  /** Milliseconds since 1970; absent: the machine's clock. */
  readonly nowMillis?: () => number;
  /** Twelve digits for ARNs. */
  readonly accountId?: string;
  readonly region?: string;
}

/** An embedded DynamoDB: one account, one Region. */
export interface DynamoDb {
  /**
   * One operation of DynamoDB JSON 1.0.
   * @param operation the part behind `DynamoDB_20120810.` in x-amz-target
   * @returns status and body; refusals carry `__type` and `message`. Throws only when a crash is being played or on a bug.
   */
  call(operation: string, input: unknown): Promise<{ status: number; body: unknown }>;
  readonly streams: Streams;
  /** Switches for tests. */
  readonly faults: Faults;
  /** Deletes what is expired now, forgets old tokens, trims stream records older than 24 hours. */
  sweepNow(): Promise<{ deleted: number; forgotten: number; trimmed: number }>;
  /** Waits for the writer and closes the store. */
  close(): Promise<void>;
}

type Operations = Record<string, (input: Record<string, unknown>) => Promise<Record<string, unknown>>>;
type Serial = <T>(work: () => Promise<T>) => Promise<T>;

/** Opens the store of a directory (or an empty one in memory). Throws when another process holds the directory. */
export async function openDynamoDb(options: DynamoDbOptions = {}): Promise<DynamoDb> {
  const nowMillis = options.nowMillis ?? Date.now;
  if (options.directory !== undefined) mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const store = db.create(
    options.directory === undefined ? { createTableMs: 0 } : { path: options.directory, createTableMs: 0 },
  );
  store.tableDb.awsAccountId = options.accountId ?? "111122223333";
  store.tableDb.awsRegion = options.region ?? "eu-west-1";
  await store.db.open();
  const tables = await openTables(store);
  const log = await openStreamLog(store, tables, nowMillis);
  const { faults, points } = createFaults(store.db);
  const commit = createCommit(store, log, points);
  const ground: TransactionGround = { store, tables, commit, points, nowMillis };
  const serial = createSerial();
  const operations = { ...itemOperations(ground, serial), ...tableOperations(ground, serial) };

  async function sweep(lagSeconds: number): Promise<{ deleted: number; forgotten: number; trimmed: number }> {
    const deleted = await sweepExpired(ground, Math.floor(nowMillis() / 1000) - lagSeconds, serial);
    return { deleted, forgotten: await forgetTokens(store, nowMillis()), trimmed: await log.trim() };
  }
  let sweeping = Promise.resolve();
  const timer = setInterval(() => {
    sweeping = sweep(SWEEP_LAG_SECONDS).then(
      () => undefined,
      () => undefined,
    );
  }, SWEEP_EVERY_MILLIS).unref();

  return {
    streams: log.streams,
    faults,
    sweepNow: () => sweep(0),
    async call(operation, input) {
      try {
        points.onCall(operation);
        const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
        if (run === undefined)
          throw new Refusal(400, "UnknownOperationException", `the embedded DynamoDB has no ${operation}`);
        if (!isRecord(input)) throw new Refusal(400, "SerializationException", "the request must be a JSON object");
        return { status: 200, body: await run(input) };
      } catch (error) {
        const refusal = refusalBody(error);
        if (refusal === undefined) throw error;
        return refusal;
      }
    },
    async close() {
      clearInterval(timer);
      await sweeping;
      await serial(async () => undefined);
      await points.close();
      await store.db.close();
    },
  };
}

/** One writer: each piece of work starts when the one before has ended, whatever its end. */
function createSerial(): Serial {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
}

function itemOperations(ground: TransactionGround, serial: Serial): Operations {
  const { store, tables, points } = ground;
  const write =
    (operation: "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem") => (input: Record<string, unknown>) => {
      const { data, returnsItemOnFailure } = checkRequest(store, operation, input);
      return serial(async () => {
        if (points.takeConflict())
          throw new Refusal(400, "TransactionConflictException", "Transaction is ongoing for the item");
        const overlay = openOverlay(store, tables);
        let body: Record<string, unknown>;
        try {
          body = await overlay.run(ACTIONS[operation], data);
        } catch (error) {
          if (!returnsItemOnFailure || refusalName(error) !== "ConditionalCheckFailedException") throw error;
          const key = db.createKey(data.Item ?? data.Key ?? {}, tables.get(data.TableName).description);
          const item = await overlay.read(data.TableName, key);
          throw new Refusal(
            400,
            "ConditionalCheckFailedException",
            "The conditional request failed",
            item === undefined ? {} : { Item: item },
          );
        }
        await ground.commit(overlay.changes());
        return body;
      });
    };
  const read = (operation: "Query" | "Scan") => async (input: Record<string, unknown>) => {
    const { data } = checkRequest(store, operation, input);
    const table = tables.get(data.TableName).description;
    return readBy(ground, operation, data, readingStore(store, tables.getTable, table, data, points.indexSnapshot()));
  };
  return {
    PutItem: async (input) => write("PutItem")(input),
    UpdateItem: async (input) => write("UpdateItem")(input),
    DeleteItem: async (input) => write("DeleteItem")(input),
    BatchWriteItem: async (input) => write("BatchWriteItem")(input),
    TransactWriteItems: (input) => serial(() => transactWrite(ground, input)),
    TransactGetItems: (input) => serial(() => transactGet(ground, input)),
    GetItem: async (input) =>
      openOverlay(store, tables).run(ACTIONS.GetItem, checkRequest(store, "GetItem", input).data),
    BatchGetItem: async (input) => {
      const { data } = checkRequest(store, "BatchGetItem", input);
      if (points.takeUnprocessed()) return { Responses: {}, UnprocessedKeys: structuredClone(input.RequestItems) };
      return openOverlay(store, tables).run(ACTIONS.BatchGetItem, data);
    },
    Query: read("Query"),
    Scan: read("Scan"),
  };
}

function readBy(
  ground: TransactionGround,
  operation: "Query" | "Scan",
  data: Parsed,
  view: ReturnType<typeof readingStore>,
) {
  return new Promise<Record<string, unknown>>((resolve, reject) => {
    ground.tables.get(data.TableName);
    ACTIONS[operation](view, data, (error, body) => (error ? reject(error) : resolve(body ?? {})));
  });
}

function tableOperations({ store, tables, nowMillis }: TransactionGround, serial: Serial): Operations {
  const named = (input: Record<string, unknown>): string => {
    if (typeof input.TableName === "string") return input.TableName;
    throw invalid("The parameter 'TableName' is required but was not present in the request");
  };
  return {
    CreateTable: (input) =>
      serial(async () => {
        const row = await tables.create(checkRequest(store, "CreateTable", input).data, input, nowMillis());
        return { TableDescription: { ...describeTable(row), TableStatus: "CREATING" } };
      }),
    DescribeTable: async (input) => ({ Table: describeTable(tables.get(named(input))) }),
    ListTables: async () => ({ TableNames: tables.names() }),
    DeleteTable: (input) =>
      serial(async () => ({
        TableDescription: { ...describeTable(await tables.delete(named(input))), TableStatus: "DELETING" },
      })),
    UpdateTimeToLive: (input) => serial(() => updateTimeToLive(tables, input)),
    DescribeTimeToLive: async (input) => describeTimeToLive(tables, input),
  };
}
