import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import type { Session } from "../../../../core/model/session.ts";
import { leaseSid } from "../../../../core/status/windows.ts";
import type { Tables } from "../dynamo.ts";
import { findPlace } from "../subjects/subject-reads.ts";
import { handleKey, handleOf } from "./handle-rows.ts";
import { readAll } from "./liveness-batch.ts";
import { offerAmong, offerKeys } from "./offer-rows.ts";
import { sessionOf } from "./session-rows.ts";

/** The place of an offer or of a handle: the partition of its session, and its hash. */
interface HandleKey {
  readonly root: string;
  readonly handleHash: string;
}

/**
 * Reads an offer, and whether it was withdrawn, in one strongly consistent batch; undefined when there is no such
 * offer.
 * @throws when a key could not be read: an offer must not look open because its tombstone is missing
 */
export async function readOffer(client: DynamoDBDocumentClient, tables: Tables, { root, handleHash }: HandleKey) {
  const key = { root, handleHash };
  const found = await readAll(client, offerKeys(key, tables));
  if (!found) throw new Error("an offer stayed unread", { cause: { $metadata: {} } });
  return offerAmong(found, key, tables);
}

/** Reads a handle, strongly consistent; undefined when there is none. */
export async function readHandle(client: DynamoDBDocumentClient, tables: Tables, { root, handleHash }: HandleKey) {
  const key = { root, sid: handleKey(handleHash) };
  const found = await client.send(new GetCommand({ TableName: tables.sessions, Key: key, ConsistentRead: true }));
  return found.Item && handleOf(found.Item);
}

/** Finds a session by its id alone, strongly consistent. A root is found by its own key. */
export async function findSession(
  client: DynamoDBDocumentClient,
  tables: Tables,
  sid: string,
): Promise<Session | undefined> {
  const place = await findPlace(client, tables, sid);
  return readSession(client, tables, { root: place?.root ?? sid, sid });
}

/** Reads a session, strongly consistent; undefined when there is none. */
export async function readSession(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { root, sid }: { readonly root: string; readonly sid: string },
): Promise<Session | undefined> {
  // offers and counters are rows of the same table; only a session's own id names a session
  if (sid.includes("#") || sid === leaseSid) return undefined;
  const key = { root, sid };
  const found = await client.send(new GetCommand({ TableName: tables.sessions, Key: key, ConsistentRead: true }));
  return found.Item && sessionOf(found.Item);
}
