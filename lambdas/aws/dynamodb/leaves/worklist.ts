import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { type DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { Worklist } from "../../../../core/sealing/worklist.ts";
import { type Tables, words } from "../dynamo.ts";
import { readBoth } from "./both.ts";
import { waitingIn } from "./waiting.ts";

/** Table Leaves as the sealer uses it, beside the Outbox. */
export function createWorklist(client: DynamoDBDocumentClient, tables: Pick<Tables, "outbox" | "leaves">): Worklist {
  return {
    waiting: (most) => waitingIn(client, tables.leaves, "unsealed", { most }),
    async unplaced(eventIds) {
      const both = await readBoth(client, tables, eventIds);
      return eventIds.flatMap((eventId) => {
        const { record, leaf } = both.get(eventId) ?? {};
        const isOpen = leaf !== undefined && leaf.index === undefined && typeof record?.hash === "string";
        if (!isOpen) return [];
        return [{ eventId, hash: String(record.hash), ...(leaf.redriven === true && { isRedriven: true }) }];
      });
    },
    async place(event, index) {
      try {
        await client.send(
          new UpdateCommand({
            TableName: tables.leaves,
            Key: { event },
            UpdateExpression: "SET #index = :index REMOVE #unsealed",
            ConditionExpression: "attribute_exists(#event) AND (attribute_not_exists(#index) OR #index = :index)",
            ...words(["event", "index", "unsealed"], { index }),
            ReturnValuesOnConditionCheckFailure: "ALL_OLD",
          }),
        );
      } catch (failure) {
        // a row that is gone (it expired) has no place to note; one of another place must not be given a second
        if (!(failure instanceof ConditionalCheckFailedException) || failure.Item) throw failure;
      }
    },
  };
}
