import type { StreamRecord } from "../dynamodb/stream/log.ts";
import { deliver } from "./delivery.ts";
import type { EventSourceMappingOptions } from "./options.ts";

/** A running mapping. */
export interface EventSourceMapping {
  /** Resolves when everything appended so far was delivered, filtered out or given up. */
  idle(): Promise<void>;
  /** Stops behind the call that is running; what is not checkpointed is delivered again after the next start. */
  stop(): Promise<void>;
}

/** Records read from the log at once. */
const READ_AHEAD = 1000;

/**
 * Starts a mapping: woken by each commit, and while records flow it looks at the stream now and then, as Lambda does, so
 * that what came meanwhile goes in one call. At least once, in order, one call at a time; the checkpoint is written
 * behind each call, so that a restart continues there.
 */
export async function startEventSourceMapping(options: EventSourceMappingOptions): Promise<EventSourceMapping> {
  const { db, table, mappingId } = options;
  const stopping = new AbortController();
  let checkpoint = await db.streams.readCheckpoint(mappingId);
  if (checkpoint === undefined && options.startingPosition === "LATEST") {
    checkpoint = db.streams.latestSequence();
    await db.streams.writeCheckpoint(mappingId, checkpoint);
  }
  const bell = createBell(stopping.signal);
  const hurry = createBell(stopping.signal);
  let lookAtMillis = 0;
  const unsubscribe = db.streams.onAppend(table, bell.ring);
  const idleWaiters: (() => void)[] = [];

  async function advance(sequence: string): Promise<void> {
    checkpoint = sequence;
    await db.streams.writeCheckpoint(mappingId, sequence);
  }
  /** Reads one batch: up to batchSize matching records, or what there is when the window closes. */
  async function collect(): Promise<{ batch: StreamRecord[]; reached: string | undefined }> {
    const batch: StreamRecord[] = [];
    let reached = checkpoint;
    let closesAtMillis: number | undefined;
    while (!stopping.signal.aborted) {
      const heard = bell.heard();
      const records = await db.streams.read(table, reached, READ_AHEAD);
      for (const record of records) {
        if (batch.length === options.batchSize) return { batch, reached };
        reached = record.dynamodb.SequenceNumber;
        if (isWanted(options, record)) batch.push(withTableArn(options.tableArn, record));
      }
      if (batch.length === options.batchSize || records.length === READ_AHEAD) {
        if (batch.length > 0) return { batch, reached };
        continue;
      }
      if (batch.length === 0) return { batch, reached };
      closesAtMillis ??= Date.now() + (options.batchingWindowMillis ?? 0);
      const left = closesAtMillis - Date.now();
      if (left <= 0) return { batch, reached };
      await bell.wait(heard, left);
    }
    return { batch: [], reached: checkpoint };
  }
  /** Lets time pass since the last call, but keeps nobody waiting who waits for all to be delivered. */
  async function breathe(): Promise<void> {
    const heard = hurry.heard();
    const left = lookAtMillis - Date.now();
    if (left > 0 && idleWaiters.length === 0) await hurry.wait(heard, left);
  }
  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await breathe();
      const heard = bell.heard();
      const { batch, reached } = await collect();
      // a full batch says that more is there
      if (batch.length > 0 && batch.length < options.batchSize) lookAtMillis = Date.now() + (options.lookMillis ?? 0);
      if (batch.length > 0) await deliver(options, batch, { advance, signal: stopping.signal });
      if (stopping.signal.aborted) break;
      if (reached !== undefined && reached !== checkpoint) await advance(reached);
      if (batch.length > 0 || bell.heard() !== heard) continue;
      for (const done of idleWaiters.splice(0)) done();
      await bell.wait(heard);
    }
    for (const done of idleWaiters.splice(0)) done();
  }
  function caughtUp(): Promise<void> {
    return new Promise((resolve) => {
      idleWaiters.push(resolve);
      hurry.ring();
      bell.ring();
    });
  }
  const running = run();
  /** A failure of the store ends the mapping; whoever stops it learns of it. */
  running.catch(() => undefined);
  return {
    /** Racing the loop: when the store fails under it, whoever waits must hear of it. */
    idle: () => Promise.race([running, caughtUp()]),
    stop: async () => {
      unsubscribe();
      stopping.abort();
      await running;
    },
  };
}

function isWanted({ filterPatterns, matches }: EventSourceMappingOptions, record: StreamRecord): boolean {
  return (
    filterPatterns === undefined ||
    filterPatterns.length === 0 ||
    filterPatterns.some((pattern) => matches(pattern, record))
  );
}

function withTableArn(tableArn: string | undefined, record: StreamRecord): StreamRecord {
  if (tableArn === undefined) return record;
  return { ...record, eventSourceARN: `${tableArn}/stream/${record.eventSourceARN.split("/stream/")[1] ?? ""}` };
}

interface Bell {
  ring(): void;
  /** How often it rang; pass it to `wait`, so that no ring in between is missed. */
  heard(): number;
  wait(heard: number, atMostMillis?: number): Promise<void>;
}

function createBell(signal: AbortSignal): Bell {
  let count = 0;
  let wake = (): void => undefined;
  const ring = (): void => {
    count += 1;
    wake();
  };
  signal.addEventListener("abort", ring);
  return {
    ring,
    heard: () => count,
    wait: (heard, atMostMillis) =>
      new Promise((resolve) => {
        if (count !== heard) return resolve();
        const timer = atMostMillis === undefined ? undefined : setTimeout(resolve, atMostMillis);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
}
