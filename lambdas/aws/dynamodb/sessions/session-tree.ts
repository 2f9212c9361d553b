import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { QueryCommand, type QueryCommandOutput } from "@aws-sdk/lib-dynamodb";
import type { Session } from "../../../../core/model/session.ts";
import type { ListedSession } from "../../../../core/status/publish-store.ts";
import { leaseSid } from "../../../../core/status/windows.ts";
import type { Item } from "../codec.ts";
import { type Tables, words } from "../dynamo.ts";
import { beyondSessions, listedOf, sessionOf } from "./session-rows.ts";

/** Every session of a tree, strongly consistent, without the tree's other rows. */
export const readTree = async (
  client: DynamoDBDocumentClient,
  tables: Tables,
  root: string,
): Promise<readonly Session[]> => await readItems(client, tables, { root, read: sessionOf });

/** The same, with only the members of each session that a walk needs. */
export const readListedTree = async (
  client: DynamoDBDocumentClient,
  tables: Tables,
  root: string,
): Promise<readonly ListedSession[]> => await readItems(client, tables, { root, read: listedOf });

/**
 * Reduces rows as they are read: of a large tree, the members that a walk needs fit into memory, but the whole rows may
 * not.
 */
async function readItems<T>(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { root, read }: { readonly root: string; readonly read: (item: Item) => T },
): Promise<readonly T[]> {
  const items: T[] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const page: QueryCommandOutput = await client.send(
      new QueryCommand({
        TableName: tables.sessions,
        KeyConditionExpression: "#root = :root AND #sid < :beyond",
        ...words(["root", "sid"], { root, beyond: beyondSessions }),
        ConsistentRead: true,
        ...(from ? { ExclusiveStartKey: from } : {}),
      }),
    );
    // the counter of leases is in the same table and is not a session
    for (const item of page.Items ?? []) if (item.sid !== leaseSid) items.push(read(item));
    from = page.LastEvaluatedKey;
  } while (from);
  return items;
}
