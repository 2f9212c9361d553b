import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient, TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, TransactWriteCommand, type TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import { err, ok, type Result } from "../../../core/model/result.ts";
import { mayRepeat, patient } from "../patience.ts";

/** Names of the tables, from the function's environment. */
export interface Tables {
  readonly sessions: string;
  /** What sessions were given at AWS. */
  readonly vends: string;
  /** Which sessions depend on an agent, principal, build or id. */
  readonly subjects: string;
  /** Replay entries: what may happen only once. */
  readonly markers: string;
  /** Counts: signatures a second, uses, a tree's children. */
  readonly counters: string;
  /** What budgets have spent, and what was reserved for calls. */
  readonly budgets: string;
  /** Tombstones of sessions and offers. */
  readonly tombstones: string;
  /** Epochs and blocks of agents, principals, builds and the deployment. */
  readonly revocations: string;
  /** Status lists, their bits, and what the publisher still has to do. */
  readonly lists: string;
  /** What the watch on agents remembers. */
  readonly traces: string;
  readonly registry: string;
  /** One key a person, under which the audit encrypts. */
  readonly people: string;
  /** When owners were confirmed last. */
  readonly confirmations: string;
  readonly outbox: string;
  /** Where each record stands in the log and in the bucket, and how the log itself stands. */
  readonly leaves: string;
  /** Requests that wait for people. */
  readonly approvals: string;
  /** What people said of them. */
  readonly decisions: string;
  /** Tools that are served otherwise than they are pinned, and wait for people. */
  readonly changes: string;
}

/**
 * The document client that all adapters share. Its timeouts are short, so that a stuck connection costs one retry and
 * not the whole time of the call.
 * @param client given by tests; otherwise endpoint, Region and credentials come from the environment
 */
export function documentClient(client: DynamoDBClient = createClient()): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(patient(client), { marshallOptions: { removeUndefinedValues: true } });
}

const createClient = () =>
  new DynamoDBClient({
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true },
  });

/**
 * Names and values of an expression. Every name is written with `#`, so that none of DynamoDB's 573 reserved words can
 * break a statement.
 * @param names attribute names used in the expression as `#name`
 * @param values values used as `:name`
 */
export const words = (names: readonly string[], values?: Readonly<Record<string, unknown>>) => ({
  ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
  ...(values
    ? { ExpressionAttributeValues: Object.fromEntries(Object.entries(values).map(([k, v]) => [`:${k}`, v])) }
    : {}),
});

/** One action of a transaction, and the conflict when its condition fails. */
export interface Action<C> {
  readonly item: NonNullable<TransactWriteCommandInput["TransactItems"]>[number];
  /** Undefined where a failed condition can only be a bug. */
  readonly conflict?: C;
}

/** How long a contended transaction is repeated, in milliseconds, before it counts as broken infrastructure. */
const patienceMillis = 2_000;
const passing = new Set(["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]);
const passingErrors = new Set([
  "TransactionConflictException",
  "TransactionInProgressException",
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "RequestLimitExceeded",
]);

/**
 * Writes all actions or none. The SDK does not repeat a cancelled transaction, so it is repeated here after contention
 * or throttling, with the same token and identical items, so that a lost answer never leads to a second write.
 * @returns ok, or the conflict of the first action whose condition failed
 * @throws when contention lasts longer than the call's patience or this one, or a condition failed that can only fail
 * through a bug
 */
export async function transact<C>(
  client: DynamoDBDocumentClient,
  actions: readonly Action<C>[],
): Promise<Result<void, C>> {
  const input = { TransactItems: actions.map((action) => action.item), ClientRequestToken: randomUUID() };
  const deadline = performance.now() + patienceMillis;
  for (let attempt = 0; ; attempt++) {
    try {
      await client.send(new TransactWriteCommand(input));
      return ok(undefined);
    } catch (failure) {
      const conflict = conflictOf(failure, actions);
      if (conflict) return err(conflict);
      const pauseMillis = Math.random() * Math.min(20 * 2 ** attempt, 400);
      if (!isPassing(failure) || performance.now() > deadline || !mayRepeat(pauseMillis)) throw failure;
      await sleep(pauseMillis);
    }
  }
}

/**
 * Sends one write again while contention with a transaction or throttling refuses it, which the SDK repeats only in
 * part. What was refused so was not written.
 * @throws what else the write fails with, or when contention lasts longer than the call's patience or this one
 */
export async function insistent<T>(write: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + patienceMillis;
  for (let attempt = 0; ; attempt++) {
    try {
      return await write();
    } catch (failure) {
      const pauseMillis = Math.random() * Math.min(20 * 2 ** attempt, 400);
      if (!isPassing(failure) || performance.now() > deadline || !mayRepeat(pauseMillis)) throw failure;
      await sleep(pauseMillis);
    }
  }
}

function conflictOf<C>(failure: unknown, actions: readonly Action<C>[]): C | undefined {
  const reasons = reasonsOf(failure);
  const failed = actions.filter((_, i) => reasons[i] === "ConditionalCheckFailed");
  if (failed.length === 0) return undefined;
  const known = failed.find((action) => action.conflict !== undefined)?.conflict;
  if (known === undefined)
    throw new Error("a transaction failed a condition that can only fail by a bug", { cause: failure });
  return known;
}

const reasonsOf = (failure: unknown): readonly (string | undefined)[] =>
  failure instanceof TransactionCanceledException ? (failure.CancellationReasons ?? []).map((r) => r.Code) : [];

function isPassing(failure: unknown): boolean {
  const reasons = reasonsOf(failure).filter((code) => code !== undefined && code !== "None");
  if (reasons.length > 0) return reasons.every((code) => code !== undefined && passing.has(code));
  return failure instanceof Error && passingErrors.has(failure.name);
}
