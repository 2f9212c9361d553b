import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import type { ReconcilerDeps } from "../../../../core/endpoints/reconciler.ts";
import type { HeadStore } from "../../../../core/sealing/head.ts";
import { words } from "../dynamo.ts";
import { headItem, headOf, leafKeys, reconciledItem, reconciledOf } from "./leaf-rows.ts";

const readRow = async (client: DynamoDBDocumentClient, table: string, event: string, ConsistentRead = true) =>
  (await client.send(new GetCommand({ TableName: table, Key: { event }, ConsistentRead }))).Item;

/** The row of the log's head in table Leaves. */
export function createHeadStore(client: DynamoDBDocumentClient, table: string): HeadStore {
  return {
    async read() {
      const item = await readRow(client, table, leafKeys.head);
      return item && headOf(item);
    },
    async write(head) {
      const before = head.revision - 1;
      try {
        await client.send(
          new PutCommand({
            TableName: table,
            Item: headItem(head),
            ConditionExpression: before === 0 ? "attribute_not_exists(#event)" : "#revision = :before",
            ...words([before === 0 ? "event" : "revision"], before === 0 ? undefined : { before }),
          }),
        );
        return true;
      } catch (failure) {
        if (failure instanceof ConditionalCheckFailedException) return false;
        throw failure;
      }
    },
  };
}

/** What the reconciler remembers, in table Leaves; it alone writes this row. */
export function createReconcilerMemory(client: DynamoDBDocumentClient, table: string): ReconcilerDeps["memory"] {
  return {
    async recall() {
      // nothing rests on its being the newest: a walk that goes a piece again finds the same
      const item = await readRow(client, table, leafKeys.reconciled, false);
      return item && reconciledOf(item);
    },
    async remember(reconciled) {
      await client.send(new PutCommand({ TableName: table, Item: reconciledItem(reconciled) }));
    },
  };
}
