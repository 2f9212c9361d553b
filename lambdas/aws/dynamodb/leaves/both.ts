import { setTimeout as sleep } from "node:timers/promises";
import {
  BatchGetCommand,
  type BatchGetCommandInput,
  type BatchGetCommandOutput,
  type DynamoDBDocumentClient,
} from "@aws-sdk/lib-dynamodb";
import type { Item } from "../codec.ts";
import { type Tables, words } from "../dynamo.ts";

/** What two tables have under an event's id. */
interface Both {
  /** The record's row in the Outbox. */
  readonly record?: Item;
  /** Its row in table Leaves. */
  readonly leaf?: Item;
}

/** Ids of one batch: DynamoDB takes 100 keys, and each id is one of each table. */
const atOnce = 50;
const tries = 8;

/**
 * Reads what both tables have of some events, strongly consistent.
 * @throws when DynamoDB leaves something unread
 */
export async function readBoth(
  client: DynamoDBDocumentClient,
  tables: Pick<Tables, "outbox" | "leaves">,
  eventIds: readonly string[],
): Promise<ReadonlyMap<string, Both>> {
  const found = new Map<string, Both>();
  const note = (id: unknown, part: Both) => found.set(String(id), { ...found.get(String(id)), ...part });
  for (let at = 0; at < eventIds.length; at += atOnce) {
    const ids = eventIds.slice(at, at + atOnce);
    let left: BatchGetCommandInput["RequestItems"] = {
      [tables.outbox]: {
        Keys: ids.map((eventId) => ({ eventId })),
        ConsistentRead: true,
        ProjectionExpression: "#eventId, #hash, #expiresAt",
        ...words(["eventId", "hash", "expiresAt"]),
      },
      [tables.leaves]: { Keys: ids.map((event) => ({ event })), ConsistentRead: true },
    };
    for (let attempt = 0; Object.keys(left ?? {}).length > 0; attempt++) {
      if (attempt === tries) throw new Error("records stayed unread");
      if (attempt > 0) await sleep(Math.random() * 50 * 2 ** attempt);
      const answer: BatchGetCommandOutput = await client.send(new BatchGetCommand({ RequestItems: left }));
      for (const item of answer.Responses?.[tables.outbox] ?? []) note(item.eventId, { record: item });
      for (const item of answer.Responses?.[tables.leaves] ?? []) note(item.event, { leaf: item });
      left = answer.UnprocessedKeys;
    }
  }
  return found;
}
