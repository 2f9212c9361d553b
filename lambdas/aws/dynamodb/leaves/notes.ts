import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { type DynamoDBDocumentClient, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { Notebook } from "../../../../core/endpoints/relay.ts";
import type { Trail } from "../../../../core/sealing/trail.ts";
import { type Tables, words } from "../dynamo.ts";
import { readBoth } from "./both.ts";
import { leafItem, type NewLeaf } from "./leaf-rows.ts";

const hashIn = (item: Readonly<Record<string, unknown>> | undefined): string | undefined =>
  typeof item?.hash === "string" ? item.hash : undefined;

/** Notes a record, unless it is noted: what is known of it stays. */
async function noteLeaf(client: DynamoDBDocumentClient, table: string, leaf: NewLeaf): Promise<void> {
  try {
    await client.send(
      new PutCommand({
        TableName: table,
        Item: leafItem(leaf),
        ConditionExpression: "attribute_not_exists(#event)",
        ...words(["event"]),
      }),
    );
  } catch (failure) {
    if (!(failure instanceof ConditionalCheckFailedException)) throw failure;
  }
}

/** Table Leaves as the relay uses it: it notes what the bus took. */
export const createNotebook = (client: DynamoDBDocumentClient, table: string, nowMillis: () => number): Notebook => ({
  note: ({ eventId, hash, expiresAt, isRedriven = false }) =>
    noteLeaf(client, table, { eventId, hash, atMillis: nowMillis(), expiresAt, isRedriven }),
});

/** Table Leaves as the reader of new objects uses it, beside the Outbox. */
export function createTrail(
  client: DynamoDBDocumentClient,
  tables: Pick<Tables, "outbox" | "leaves">,
  nowMillis: () => number,
): Trail {
  const see = async (event: string, { key, versionId }: Parameters<Trail["seen"]>[1]): Promise<boolean> => {
    try {
      await client.send(
        new UpdateCommand({
          TableName: tables.leaves,
          Key: { event },
          // the first object stays: a second delivery of the same record changes nothing
          UpdateExpression:
            "SET #objectKey = if_not_exists(#objectKey, :key), #versionId = if_not_exists(#versionId, :versionId) REMOVE #unseen",
          ConditionExpression: "attribute_exists(#event)",
          ...words(["event", "objectKey", "versionId", "unseen"], { key, versionId }),
        }),
      );
      return true;
    } catch (failure) {
      if (failure instanceof ConditionalCheckFailedException) return false;
      throw failure;
    }
  };
  return {
    async known(eventIds) {
      const both = await readBoth(client, tables, eventIds);
      return new Map(
        [...both].map(([id, { record, leaf }]) => {
          const [recorded, noted] = [hashIn(record), hashIn(leaf)];
          return [id, { ...(recorded && { recorded }), ...(noted && { noted }) }] as const;
        }),
      );
    },
    async seen({ eventId, hash }, object) {
      if (await see(eventId, object)) return;
      // the relay died between the bus and this table: the record is noted as it would have been
      const record = (await readBoth(client, tables, [eventId])).get(eventId)?.record;
      const expiresAt = Number(record?.expiresAt ?? Math.floor(nowMillis() / 1000));
      await noteLeaf(client, tables.leaves, { eventId, hash, atMillis: nowMillis(), expiresAt });
      if (!(await see(eventId, object))) throw new Error("a leaf that was just noted is gone");
    },
  };
}
