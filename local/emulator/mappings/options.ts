import type { DynamoDb } from "../dynamodb/engine.ts";
import type { StreamRecord } from "../dynamodb/stream/log.ts";

/** The event a function gets. */
export interface StreamEvent {
  readonly Records: readonly StreamRecord[];
}

/** What a function may answer when ReportBatchItemFailures is on. */
export type StreamAnswer =
  | { readonly batchItemFailures?: readonly { readonly itemIdentifier?: unknown }[] }
  | undefined
  | null;

/** One event source mapping of a table's stream to a function, with Lambda's semantics for one shard. */
export interface EventSourceMappingOptions {
  readonly db: DynamoDb;
  readonly table: string;
  /** Replaces the table's part of `eventSourceARN`, when the template's ARN is another than the engine's. */
  readonly tableArn?: string;
  /** Where its checkpoint lives in the engine's directory; stable across restarts and one mapping's own. */
  readonly mappingId: string;
  /** FilterCriteria: a record is delivered when any pattern matches; none given: all are. */
  readonly filterPatterns?: readonly unknown[];
  readonly matches: (pattern: unknown, record: StreamRecord) => boolean;
  /** Records a call, 1 to 10,000. */
  readonly batchSize: number;
  /** How long to wait for a full batch; 0 delivers at once. */
  readonly batchingWindowMillis?: number;
  /** Least time from one call to the next look at the stream, unless somebody waits for it; absent: none. */
  readonly lookMillis?: number;
  /** Where the very first start begins; later starts continue at the checkpoint. */
  readonly startingPosition: "TRIM_HORIZON" | "LATEST";
  readonly reportBatchItemFailures: boolean;
  readonly bisectOnError: boolean;
  /** Retries of a batch behind its first try; -1: until it works or the record is trimmed. */
  readonly maximumRetryAttempts: number;
  /** Records older than this are dropped, not tried again; absent or -1: never. */
  readonly maximumRecordAgeSeconds?: number;
  /** Pause before retry n (1, 2, ...); absent: 100 ms doubling up to 10 s. */
  readonly retryDelayMillis?: (retry: number) => number;
  readonly nowMillis?: () => number;
  readonly invoke: (event: StreamEvent) => Promise<StreamAnswer>;
  /** Told about records given up (Lambda's on-failure destination), before the checkpoint passes them. */
  readonly onDiscard?: (
    records: readonly StreamRecord[],
    condition: "RetryAttemptsExhausted" | "RecordAgeExceeded",
  ) => void | Promise<void>;
}
