import { type DynamoDBDocumentClient, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { tableIndexes } from "../../../env.ts";
import { type Tables, words } from "../dynamo.ts";
import { shards } from "./leaf-rows.ts";

/**
 * Ids that an index of table Leaves shows, those that wait longest first. An index may lag, so that what it shows is
 * read again before anything rests on it.
 * @param beforeMillis only what waits since before this moment
 * @param most how many at most
 */
export async function waitingIn(
  client: DynamoDBDocumentClient,
  table: Tables["leaves"],
  index: keyof typeof tableIndexes.leaves,
  { beforeMillis, most }: { readonly beforeMillis?: number; readonly most: number },
): Promise<readonly string[]> {
  const { partition, sort } = tableIndexes.leaves[index];
  const isBounded = beforeMillis !== undefined;
  const pages = await Promise.all(
    shards.map((shard) =>
      client.send(
        new QueryCommand({
          TableName: table,
          IndexName: index,
          KeyConditionExpression: `#${partition} = :shard${isBounded ? ` AND #${sort} < :before` : ""}`,
          ...words(isBounded ? [partition, sort] : [partition], { shard, ...(isBounded && { before: beforeMillis }) }),
          Limit: most,
        }),
      ),
    ),
  );
  return pages
    .flatMap(({ Items = [] }) => Items)
    .sort((one, other) => Number(one[sort]) - Number(other[sort]))
    .slice(0, most)
    .map(({ event }) => String(event));
}
