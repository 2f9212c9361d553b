import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { documentClient, type Tables } from "../../lambdas/aws/dynamodb/dynamo.ts";
import { type EmbeddedTables, openTables, productTables, tableNames } from "../kit/embedded/dynamodb.ts";

/** The product's tables but the key ring's in an embedded DynamoDB, behind the real SDK client. */
export interface Cloud {
  readonly db: EmbeddedTables["db"];
  readonly client: DynamoDBDocumentClient;
  readonly tables: Tables;
  /** Calls the client sent, by operation, since the last look. */
  taken(): readonly { readonly operation: string; readonly input: unknown }[];
  close(): Promise<void>;
}

/** Opens an empty cloud; `maxAttempts` is the SDK's own, so that tests see what is repeated by us. */
export async function openCloud(maxAttempts = 1): Promise<Cloud> {
  const { db, dynamo, close } = await openTables(productTables(), { maxAttempts });
  const client = documentClient(dynamo);
  const calls: { operation: string; input: unknown }[] = [];
  client.middlewareStack.add(
    (next, context) => (args) => {
      calls.push({ operation: String(context.commandName), input: structuredClone(args.input) });
      return next(args);
    },
    { step: "initialize", name: "noted" },
  );
  return {
    db,
    client,
    tables: tableNames,
    taken: () => calls.splice(0),
    close,
  };
}
