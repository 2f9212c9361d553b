import type { StreamRecord } from "../dynamodb/stream/log.ts";
import type { EventSourceMappingOptions, StreamAnswer } from "./options.ts";

const RETRY_FIRST_MILLIS = 100;
const RETRY_MOST_MILLIS = 10_000;

/** How a mapping gets on. */
interface Progress {
  /** Persists that everything up to a sequence number is done. */
  readonly advance: (sequence: string) => Promise<void>;
  /** Stops behind the running call; the rest stays for the next start. */
  readonly signal: AbortSignal;
}

/**
 * Delivers one batch until each record was taken or given up, as Lambda does for a stream: a failed batch is tried again,
 * halved when bisecting (which costs no retry), and from the first failed record on when items are reported.
 */
export async function deliver(
  options: EventSourceMappingOptions,
  batch: readonly StreamRecord[],
  { advance, signal }: Progress,
): Promise<void> {
  const parts: { records: readonly StreamRecord[]; retries: number }[] = [{ records: batch, retries: 0 }];
  while (parts.length > 0 && !signal.aborted) {
    const part = parts.shift();
    const first = part?.records[0];
    if (part === undefined || first === undefined) continue;
    const young = await dropOld(options, part.records, advance);
    if (young.length === 0) continue;
    const failedAt = await firstFailure(options, young);
    const done = failedAt === undefined ? young : young.slice(0, failedAt);
    const last = done.at(-1);
    if (last !== undefined) await advance(sequenceOf(last));
    if (failedAt === undefined) continue;

    const rest = young.slice(failedAt);
    const retries = failedAt > 0 ? 0 : part.retries;
    if (options.bisectOnError && rest.length > 1) {
      const middle = Math.ceil(rest.length / 2);
      parts.unshift({ records: rest.slice(0, middle), retries }, { records: rest.slice(middle), retries });
      await pause(options, 1, signal);
    } else if (options.maximumRetryAttempts >= 0 && retries >= options.maximumRetryAttempts) {
      await discard(options, { records: rest, condition: "RetryAttemptsExhausted" }, advance);
    } else {
      parts.unshift({ records: rest, retries: retries + 1 });
      await pause(options, retries + 1, signal);
    }
  }
}

/** Index of the first record that is not done, or undefined when all are. */
async function firstFailure(
  options: EventSourceMappingOptions,
  records: readonly StreamRecord[],
): Promise<number | undefined> {
  let answer: StreamAnswer;
  try {
    answer = await options.invoke({ Records: records });
  } catch {
    return 0;
  }
  const failures = options.reportBatchItemFailures ? (answer?.batchItemFailures ?? []) : [];
  if (failures.length === 0) return undefined;
  const positions = failures.map(({ itemIdentifier }) =>
    records.findIndex((record) => sequenceOf(record) === itemIdentifier),
  );
  /** An identifier that is none of the batch's (-1) fails the batch whole: nothing may be taken for done. */
  return Math.max(0, Math.min(...positions));
}

async function dropOld(
  options: EventSourceMappingOptions,
  records: readonly StreamRecord[],
  advance: Progress["advance"],
): Promise<readonly StreamRecord[]> {
  const age = options.maximumRecordAgeSeconds ?? -1;
  if (age < 0) return records;
  const oldestSeconds = (options.nowMillis ?? Date.now)() / 1000 - age;
  const firstYoung = records.findIndex((record) => record.dynamodb.ApproximateCreationDateTime >= oldestSeconds);
  const young = firstYoung < 0 ? [] : records.slice(firstYoung);
  const old = records.slice(0, records.length - young.length);
  if (old.length > 0) await discard(options, { records: old, condition: "RecordAgeExceeded" }, advance);
  return young;
}

interface Discarded {
  readonly records: readonly StreamRecord[];
  readonly condition: "RetryAttemptsExhausted" | "RecordAgeExceeded";
}

async function discard(
  options: EventSourceMappingOptions,
  { records, condition }: Discarded,
  advance: Progress["advance"],
): Promise<void> {
  await options.onDiscard?.(records, condition);
  const last = records.at(-1);
  if (last !== undefined) await advance(sequenceOf(last));
}

function pause(options: EventSourceMappingOptions, retry: number, signal: AbortSignal): Promise<void> {
  const millis =
    options.retryDelayMillis?.(retry) ?? Math.min(RETRY_MOST_MILLIS, RETRY_FIRST_MILLIS * 2 ** (retry - 1));
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, millis);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}

function sequenceOf(record: StreamRecord): string {
  return record.dynamodb.SequenceNumber;
}
