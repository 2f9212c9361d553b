/**
 * Fault switches: make the embedded cloud as unkind as AWS can be, so that code which never retries, or retries too
 * much, fails here first.
 */
import { setTimeout as wait } from "node:timers/promises";

/** What goes wrong. */
interface Fault {
  /**
   * `throttle`: the service's own throttling error. `serverError`: HTTP 500. `conflict`, `throttledItems`: TransactionCanceledException with TransactionConflict or ThrottlingError
   * (DynamoDB's transactions alone). `unprocessed`: a batch of DynamoDB is answered, every key of it left unprocessed.
   * `latency`: only slower. `down`: the service answers 503.
   */
  readonly kind: "throttle" | "serverError" | "conflict" | "throttledItems" | "unprocessed" | "latency" | "down";
  /** Service as in the credential scope: dynamodb, kms, sts, ssm, events, firehose. Absent = every one. */
  readonly service?: string;
  /** Operation, such as `Sign`. Absent = every one. */
  readonly operation?: string;
  /** How many calls it hits before it ends by itself; absent = until removed. */
  readonly times?: number;
  /** Which part of the calls it hits, from 0 to 1, each by a draw; absent = all. */
  readonly share?: number;
  /** Draws from 0 up to 1, for `share`; Math.random unless given. */
  readonly draw?: () => number;
  /** How long a call is held, in milliseconds; for `latency`. */
  readonly latencyMillis?: number;
  /** Until when it is held; for `latency`. */
  readonly until?: Promise<void>;
  /** Told of each call that it hits, before anything is waited for. */
  readonly onHit?: () => void;
}

/** What a call is to answer: an error, or (status 200) a body in the service's place. */
type Injected =
  | { readonly status: number; readonly code: string; readonly body?: Readonly<Record<string, unknown>> }
  | { readonly status: 200; readonly body: Readonly<Record<string, unknown>> };

/** The switches of a running cloud. */
export interface Faults {
  /** Switches a fault on; call what it returns to switch it off. */
  inject(fault: Fault): () => void;
  /** Switches all off. */
  clear(): void;
  /** For the front: holds a call and says what it must answer; undefined = nothing is wrong. */
  apply(service: string, operation: string, input: unknown): Promise<Injected | undefined>;
}

const throttling: Record<string, string> = {
  dynamodb: "ProvisionedThroughputExceededException",
  firehose: "ServiceUnavailableException",
  sts: "Throttling",
};

/** Makes switches that are all off. */
export function openFaults(): Faults {
  const active = new Map<Fault, number>();
  return {
    inject(fault) {
      const own = { ...fault };
      active.set(own, own.times ?? Number.POSITIVE_INFINITY);
      return () => void active.delete(own);
    },
    clear: () => active.clear(),
    async apply(service, operation, input) {
      for (const [fault, left] of active) {
        if (fault.service !== undefined && fault.service !== service) continue;
        if (fault.operation !== undefined && fault.operation !== operation) continue;
        if (!isOf(fault.kind, operation)) continue;
        if (fault.share !== undefined && (fault.draw ?? Math.random)() >= fault.share) continue;
        if (left <= 1) active.delete(fault);
        else active.set(fault, left - 1);
        fault.onHit?.();
        if (fault.latencyMillis !== undefined) await wait(fault.latencyMillis);
        await fault.until;
        if (fault.kind !== "latency") return injected(fault, service, input);
      }
      return undefined;
    },
  };
}

/** What only some operations can come to. */
const operationsOf: Partial<Record<Fault["kind"], readonly string[]>> = {
  conflict: ["TransactWriteItems"],
  throttledItems: ["TransactWriteItems"],
  unprocessed: ["BatchGetItem"],
};
const isOf = (kind: Fault["kind"], operation: string): boolean => operationsOf[kind]?.includes(operation) ?? true;

function injected({ kind }: Fault, service: string, input: unknown): Injected {
  switch (kind) {
    case "serverError":
      return { status: 500, code: service === "dynamodb" ? "InternalServerError" : "InternalFailure" };
    case "conflict":
      return cancelled("TransactionConflict", input);
    case "throttledItems":
      return cancelled("ThrottlingError", input);
    case "unprocessed":
      return {
        status: 200,
        body: { Responses: {}, UnprocessedKeys: (input as { RequestItems?: object }).RequestItems ?? {} },
      };
    case "throttle":
      return { status: 400, code: throttling[service] ?? "ThrottlingException" };
    default:
      return { status: 503, code: "ServiceUnavailableException" };
  }
}

/** A transaction cancelled by its first item. */
function cancelled(code: string, input: unknown): Injected {
  const items = (input as { TransactItems?: unknown[] }).TransactItems ?? [];
  const reasons = items.map((_item, index) => ({ Code: index === 0 ? code : "None" }));
  const Message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons.map(({ Code }) => Code).join(", ")}]`;
  return { status: 400, code: "TransactionCanceledException", body: { Message, CancellationReasons: reasons } };
}
