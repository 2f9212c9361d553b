import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { type DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { limits } from "../../../core/model/limits.ts";
import { type Clock, nowSeconds, type RateLimiter } from "../../../core/model/ports.ts";
import { counterKeys } from "../../../core/model/row-keys.ts";
import type { CommitConflict, TreeGrowth, UseCounter } from "../../../core/session/store.ts";
import { members, oneOf, row, text, whole } from "./codec.ts";
import { type Action, type Tables, words } from "./dynamo.ts";

/** The attributes that the update wrote, which are its answer. */
const takenOf = row({ table: "counters", key: [] }, members({ taken: whole, expiresAt: whole }));

/**
 * Creates the limiter of signatures: one counter for each agent and second, shared by all instances, so that an agent
 * in a loop cannot use up the account's 1,000 KMS signatures a second (threat 13). It costs one write, made before KMS
 * is called.
 */
export function createRateLimiter(client: DynamoDBDocumentClient, tables: Tables, clock: Clock): RateLimiter {
  return {
    async take(agentId, perSecond, what) {
      const second = nowSeconds(clock);
      const answer = await client.send(
        new UpdateCommand({
          TableName: tables.counters,
          Key: { key: counterKeys.rate(agentId, second, what) },
          UpdateExpression: "ADD #taken :one SET #expiresAt = :expiresAt",
          ...words(["taken", "expiresAt"], { one: 1, expiresAt: second + 60 }),
          ReturnValues: "UPDATED_NEW",
        }),
      );
      return takenOf(answer.Attributes ?? {}).taken <= perSecond;
    },
  };
}

const counted = ["children", "bytes"] as const;

/**
 * One conditional UpdateItem on the tree's row of this quarter of an hour. A bound is checked only for what grows: in a
 * tree that has all its children, a child that was counted with its offer may still add bytes.
 */
export async function growTree(
  client: DynamoDBDocumentClient,
  tables: Tables,
  {
    root,
    by,
    most,
    nowSeconds,
  }: { readonly root: string; readonly by: TreeGrowth; readonly most: TreeGrowth; readonly nowSeconds: number },
): Promise<boolean> {
  const quarter = Math.floor(nowSeconds / limits.treeQuarterSeconds);
  const grown = counted.filter((what) => by[what] > 0);
  const room = grown.map((what) => `(attribute_not_exists(#${what}) OR #${what} <= :${what}Before)`);
  const update = new UpdateCommand({
    TableName: tables.counters,
    Key: { key: counterKeys.tree(root, quarter) },
    UpdateExpression: `ADD ${grown.map((what) => `#${what} :${what}`).join(", ")} SET #expiresAt = :expiresAt`,
    ConditionExpression: room.join(" AND "),
    ExpressionAttributeNames: Object.fromEntries([...grown, "expiresAt"].map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: {
      ":expiresAt": (quarter + 2) * limits.treeQuarterSeconds,
      ...Object.fromEntries(
        grown.flatMap((what) => [
          [`:${what}`, by[what]],
          [`:${what}Before`, most[what] - by[what]],
        ]),
      ),
    },
  });
  try {
    await client.send(update);
    return true;
  } catch (failure) {
    if (failure instanceof ConditionalCheckFailedException) return false;
    throw failure;
  }
}

interface UsesRow {
  readonly key: string;
  readonly use: "uses";
  readonly left: number;
  readonly expiresAt: number;
}

/** Stores new counters. One that exists is never overwritten, since that would refill it. */
export const counterPuts = (tables: Tables, counters: readonly UseCounter[]): readonly Action<CommitConflict>[] =>
  counters.map(({ name, left, expiresAtSeconds }) => ({
    item: {
      Put: {
        TableName: tables.counters,
        Item: { key: counterKeys.uses(name), use: "uses", left, expiresAt: expiresAtSeconds } satisfies UsesRow,
        ConditionExpression: "attribute_not_exists(#key)",
        ...words(["key"]),
      },
    },
  }));

/** The uses left in a counter. One that cannot be read throws, so that it looks neither full nor empty. */
export const usesOf = row(
  { table: "counters", key: ["key"] },
  members<UsesRow>({ key: text, use: oneOf("uses"), left: whole, expiresAt: whole }),
);

/** Takes one unit from each counter. If one is empty or does not exist, nothing is taken. */
export const counterTakes = (tables: Tables, names: readonly string[]): readonly Action<CommitConflict>[] =>
  names.map((name) => ({
    conflict: { kind: "uses_spent" },
    item: {
      Update: {
        TableName: tables.counters,
        Key: { key: counterKeys.uses(name) },
        UpdateExpression: "SET #left = #left - :one",
        ConditionExpression: "#left >= :one",
        ...words(["left"], { one: 1 }),
      },
    },
  }));
