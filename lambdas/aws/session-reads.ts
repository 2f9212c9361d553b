import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import type { Session } from "../../core/session/model.ts";
import type { Tables } from "./dynamo.ts";
import { handleKey, handleOf, offerKey, offerOf, sessionOf } from "./session-rows.ts";
import { findPlace } from "./subject-reads.ts";

/** Strongly consistent; undefined when there is no such offer. */
export async function readOffer(client: DynamoDBDocumentClient, tables: Tables, root: string, handleHash: string) {
  const key = { root, sid: offerKey(handleHash) };
  const found = await client.send(new GetCommand({ TableName: tables.sessions, Key: key, ConsistentRead: true }));
  return offerOf(found.Item);
}

/** Strongly consistent; undefined when there is no such handle. */
export async function readHandle(client: DynamoDBDocumentClient, tables: Tables, root: string, handleHash: string) {
  const key = { root, sid: handleKey(handleHash) };
  const found = await client.send(new GetCommand({ TableName: tables.sessions, Key: key, ConsistentRead: true }));
  return handleOf(found.Item);
}

/** By its id alone, strongly consistent; a root is found by its own key. */
export async function findSession(
  client: DynamoDBDocumentClient,
  tables: Tables,
  sid: string,
): Promise<Session | undefined> {
  const place = await findPlace(client, tables, sid);
  return readSession(client, tables, place?.root ?? sid, sid);
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
