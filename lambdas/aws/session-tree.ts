import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { QueryCommand, type QueryCommandOutput } from "@aws-sdk/lib-dynamodb";
import type { Session } from "../../core/session/model.ts";
import { type Tables, words } from "./dynamo.ts";
import { sessionOf } from "./session-rows.ts";

/** Every session of a tree, strongly consistent. */
export async function readTree(client: DynamoDBDocumentClient, tables: Tables, root: string): Promise<Session[]> {
  const sessions: Session[] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const page: QueryCommandOutput = await client.send(
      new QueryCommand({
        TableName: tables.sessions,
        KeyConditionExpression: "#root = :root",
        ...words(["root"], { root }),
        ConsistentRead: true,
        ...(from ? { ExclusiveStartKey: from } : {}),
      }),
    );
    for (const item of page.Items ?? []) {
      // offers and handles stand beside their session, counters under `lease`: none of them has a place in a status list
      const session = item.status ? sessionOf(item) : undefined;
      if (session) sessions.push(session);
    }
    from = page.LastEvaluatedKey;
  } while (from);
  return sessions;
}
