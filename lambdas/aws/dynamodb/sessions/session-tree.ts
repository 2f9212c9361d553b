import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { QueryCommand, type QueryCommandOutput } from "@aws-sdk/lib-dynamodb";
import type { Session } from "../../../../core/model/session.ts";
import { leaseSid } from "../../../../core/status/windows.ts";
import { type Tables, words } from "../dynamo.ts";
import { beyondSessions, sessionOf } from "./session-rows.ts";

/** Every session of a tree, strongly consistent, and nothing of what stands beside them. */
export async function readTree(client: DynamoDBDocumentClient, tables: Tables, root: string): Promise<Session[]> {
  const sessions: Session[] = [];
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
    for (const item of page.Items ?? []) {
      // the counter of leases stands in the same table, and is no session
      if (item.sid !== leaseSid) sessions.push(sessionOf(item));
    }
    from = page.LastEvaluatedKey;
  } while (from);
  return sessions;
}
