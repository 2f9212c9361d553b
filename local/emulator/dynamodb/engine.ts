import { mkdirSync } from "node:fs";
import db from "dynalite/db/index.js";
import { createCommit } from "./commit.ts";
import { createFaults, type Faults } from "./faults.ts";
import { forgetTokens } from "./idempotency.ts";
import { isRecord } from "./limits.ts";
import { createSerial, itemOperations, tableOperations } from "./operations.ts";
import { Refusal, refusalBody } from "./refusal.ts";
import { openStreamLog, type Streams } from "./stream/log.ts";
import { openTables } from "./tables.ts";
import type { TransactionGround } from "./transact.ts";
import { sweepExpired } from "./ttl.ts";

/** How often the sweeper looks. */
const SWEEP_EVERY_MILLIS = 60_000;
/** The timed sweeper leaves expired items this long, so that code which forgets its own expiry check is caught. */
const SWEEP_LAG_SECONDS = 900;

/** Options of an embedded DynamoDB. */
interface DynamoDbOptions {
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
    /** In the writer's turn: a token used again right now must not be forgotten with its expired row. */
    return { deleted, forgotten: await serial(() => forgetTokens(store, nowMillis())), trimmed: await log.trim() };
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
