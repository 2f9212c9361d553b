import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";

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
