import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient, TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, TransactWriteCommand, type TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import { err, ok, type Result } from "../../../core/model/result.ts";

/** Names of the tables, as the function's environment gives them. */
export interface Tables {
  readonly sessions: string;
  /** Which sessions hang on an agent, principal, build or id. */
  readonly subjects: string;
  /** What may happen once. */
  readonly markers: string;
  /** What is counted: signatures a second, uses, a tree's children. */
  readonly counters: string;
  /** Which sessions and offers are over. */
  readonly tombstones: string;
  /** How agents, principals, builds and the deployment stand. */
  readonly revocations: string;
  /** Status lists, their bits, and what the publisher still has to do. */
  readonly lists: string;
  /** What the watch on agents remembers. */
  readonly traces: string;
  readonly registry: string;
  readonly outbox: string;
}

/**
 * The document client every adapter shares: short timeouts, so that a stuck connection costs one retry and not the
 * call's whole time.
 * @param client given by tests; otherwise endpoint, Region and credentials come from the environment
 */
export function documentClient(client: DynamoDBClient = createClient()): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

const createClient = () =>
  new DynamoDBClient({
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true },
  });

/**
 * Names and values of an expression from one object: every name goes through `#`, so that none of DynamoDB's 573
 * reserved words can break a statement.
 * @param names attribute names used in the expression as `#name`
 * @param values values used as `:name`
 */
export const words = (names: readonly string[], values?: Readonly<Record<string, unknown>>) => ({
  ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
  ...(values
    ? { ExpressionAttributeValues: Object.fromEntries(Object.entries(values).map(([k, v]) => [`:${k}`, v])) }
    : {}),
});

/** One action of a transaction and what it means when its condition does not hold. */
export interface Action<C> {
  readonly item: NonNullable<TransactWriteCommandInput["TransactItems"]>[number];
  /** Undefined where a failed condition can only be a bug. */
  readonly conflict?: C;
}

/** How long contention is fought, in milliseconds, before it counts as broken infrastructure. */
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
 * Writes all actions or none. The SDK does not repeat a cancelled transaction, so contention and throttling are
 * repeated here: same token, same items byte for byte, so that an answer lost on the way is never a second write.
 * @returns ok, or the conflict of the first action whose condition failed
 * @throws when contention outlasts the patience, or a condition failed that has no meaning
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
      if (!isPassing(failure) || performance.now() > deadline) throw failure;
      await sleep(Math.random() * Math.min(20 * 2 ** attempt, 400));
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
