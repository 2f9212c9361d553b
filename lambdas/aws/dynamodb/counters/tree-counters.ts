import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { type DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { limits } from "../../../../core/model/limits.ts";
import { counterKeys } from "../../../../core/model/row-keys.ts";
import type { TreeGrowth } from "../../../../core/session/store.ts";
import type { Tables } from "../dynamo.ts";

const counted = ["children", "offers", "bytes"] as const;

/**
 * One conditional UpdateItem on the tree's row of this quarter of an hour. What is not grown by is not evaluated: a tree with
 * as many children as it may have still takes offers, and the other way round.
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
