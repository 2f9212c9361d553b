import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { tombstoneKeys } from "../../../../core/model/row-keys.ts";
import type { Session } from "../../../../core/model/session.ts";
import { leaseSid } from "../../../../core/status/windows.ts";
import type { Tables } from "../dynamo.ts";
import { findPlace } from "../subjects/subject-reads.ts";
import { handleKey, handleOf } from "./handle-rows.ts";
import { readAll } from "./liveness-batch.ts";
import { offerKey, offerOf } from "./offer-rows.ts";
import { sessionOf } from "./session-rows.ts";

/** Where an offer or an access token's handle stands: beside its session, by its hash. */
interface HandleKey {
  readonly root: string;
  readonly handleHash: string;
}

/**
 * An offer, and whether it was taken back, in one strongly consistent batch; undefined when there is no such offer.
 * @throws when a key stays unread: an offer must not look open for want of an answer
 */
export async function readOffer(client: DynamoDBDocumentClient, tables: Tables, { root, handleHash }: HandleKey) {
  const found = await readAll(client, [
    { table: tables.sessions, key: { root, sid: offerKey(handleHash) } },
    { table: tables.tombstones, key: { session: tombstoneKeys.offer(handleHash) } },
  ]);
  if (!found) throw new Error("an offer stayed unread", { cause: { $metadata: {} } });
  const item = found.find(({ table }) => table === tables.sessions)?.item;
  const isWithdrawn = found.some(({ table }) => table === tables.tombstones);
  return item && { ...offerOf(item), ...(isWithdrawn ? { withdrawn: true } : {}) };
}

/** Strongly consistent; undefined when there is no such handle. */
export async function readHandle(client: DynamoDBDocumentClient, tables: Tables, { root, handleHash }: HandleKey) {
  const key = { root, sid: handleKey(handleHash) };
  const found = await client.send(new GetCommand({ TableName: tables.sessions, Key: key, ConsistentRead: true }));
  return found.Item && handleOf(found.Item);
}

/** By its id alone, strongly consistent; a root is found by its own key. */
export async function findSession(
  client: DynamoDBDocumentClient,
  tables: Tables,
  sid: string,
): Promise<Session | undefined> {
  const place = await findPlace(client, tables, sid);
  return readSession(client, tables, { root: place?.root ?? sid, sid });
}

/** Strongly consistent. */
export async function readSession(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { root, sid }: { readonly root: string; readonly sid: string },
): Promise<Session | undefined> {
  // offers and counters live in the same table; only a session's id is a session
  if (sid.includes("#") || sid === leaseSid) return undefined;
  const key = { root, sid };
  const found = await client.send(new GetCommand({ TableName: tables.sessions, Key: key, ConsistentRead: true }));
  return found.Item && sessionOf(found.Item);
}
