import {
  BatchGetCommand,
  type BatchGetCommandInput,
  type BatchGetCommandOutput,
  type DynamoDBDocumentClient,
} from "@aws-sdk/lib-dynamodb";
import type { Item } from "./codec.ts";

/** DynamoDB takes at most this many keys in a batch. */
const batchKeys = 100;
/** How often unprocessed keys are read again. */
const rounds = 4;

type Key = Readonly<Record<string, string>>;

/** DynamoDB refuses a batch that names a key twice. */
export const keysOnce = <K extends Key>(keys: readonly K[]): readonly K[] => [
  ...new Map(keys.map((key) => [JSON.stringify(key), key])).values(),
];

/**
 * Reads rows by their keys, strongly consistent and in no order, batch by batch.
 * @throws when keys stay unprocessed, since an operator would take an incomplete list for a complete one
 */
export async function getAll(
  client: DynamoDBDocumentClient,
  table: string,
  keys: readonly Key[],
): Promise<readonly Item[]> {
  const once = keysOnce(keys);
  const items: Item[] = [];
  for (let from = 0; from < once.length; from += batchKeys)
    items.push(...(await getBatch(client, table, once.slice(from, from + batchKeys))));
  return items;
}

async function getBatch(client: DynamoDBDocumentClient, table: string, keys: readonly Key[]): Promise<readonly Item[]> {
  const items: Item[] = [];
  let wanted: BatchGetCommandInput["RequestItems"] = { [table]: { Keys: [...keys], ConsistentRead: true } };
  for (let round = 0; round < rounds; round++) {
    const answer: BatchGetCommandOutput = await client.send(new BatchGetCommand({ RequestItems: wanted }));
    items.push(...(answer.Responses?.[table] ?? []));
    const left = answer.UnprocessedKeys ?? {};
    if ((left[table]?.Keys ?? []).length === 0) return items;
    wanted = left;
  }
  throw new Error("rows stayed unread", { cause: { $metadata: { attempts: rounds } } });
}
