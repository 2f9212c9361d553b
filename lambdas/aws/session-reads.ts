import { type DynamoDBDocumentClient, GetCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import type { Session } from "../../core/session/model.ts";
import { sessionIndexes, sessionIndexKeys } from "../env.ts";
import { type Tables, words } from "./dynamo.ts";
import { offerKey, offerOf, sessionOf } from "./session-rows.ts";

/** Strongly consistent; undefined when there is no such offer. */
export async function readOffer(client: DynamoDBDocumentClient, tables: Tables, root: string, handleHash: string) {
  const key = { root, sid: offerKey(handleHash) };
  const found = await client.send(new GetCommand({ TableName: tables.sessions, Key: key, ConsistentRead: true }));
  return offerOf(found.Item);
}

/** By the index, which may lag behind by moments; the row itself is read strongly consistent. */
export async function findSession(
  client: DynamoDBDocumentClient,
  tables: Tables,
  sid: string,
): Promise<Session | undefined> {
  const found = await client.send(
    new QueryCommand({
      TableName: tables.sessions,
      IndexName: sessionIndexes.bySid,
      KeyConditionExpression: "#sid = :sid",
      ...words([sessionIndexKeys.bySid], { sid }),
    }),
  );
  const key = found.Items?.[0];
  return key ? readSession(client, tables, key.root as string, sid) : undefined;
}

/** Strongly consistent. */
export async function readSession(
  client: DynamoDBDocumentClient,
  tables: Tables,
  root: string,
  sid: string,
): Promise<Session | undefined> {
  // offers and counters live in the same table; only a session's id is a session
  if (sid.includes("#") || sid === "lease") return undefined;
  const key = { root, sid };
  const found = await client.send(new GetCommand({ TableName: tables.sessions, Key: key, ConsistentRead: true }));
  return sessionOf(found.Item);
}
