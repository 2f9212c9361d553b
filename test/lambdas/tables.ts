import { type CreateTableCommandInput, DynamoDB } from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { documentClient, type Tables } from "../../lambdas/aws/dynamodb/dynamo.ts";
import { tableKeys } from "../../lambdas/env.ts";
import { type DynamoDb, openDynamoDb } from "../../local/emulator/dynamodb/engine.ts";
import { startDynamoServer } from "../../local/emulator/dynamodb/server.ts";

/** The product's tables but the key ring's in an embedded DynamoDB, behind the real SDK client. */
export interface Cloud {
  readonly db: DynamoDb;
  readonly client: DynamoDBDocumentClient;
  readonly tables: Tables;
  /** Calls the client sent, by operation, since the last look. */
  taken(): readonly { readonly operation: string; readonly input: unknown }[];
  close(): Promise<void>;
}

const tableNames: Tables = {
  sessions: "Sessions",
  subjects: "Subjects",
  markers: "Markers",
  counters: "Counters",
  tombstones: "Tombstones",
  revocations: "Revocations",
  lists: "Lists",
  traces: "Traces",
  registry: "Registry",
  outbox: "Outbox",
};

/** Opens an empty cloud; `maxAttempts` is the SDK's own, so that tests see what is repeated by us. */
export async function openCloud(maxAttempts = 1): Promise<Cloud> {
  const db = await openDynamoDb();
  const server = await startDynamoServer(db);
  const plain = new DynamoDB({
    endpoint: server.endpoint,
    region: "eu-west-1",
    credentials: { accessKeyId: "AKIALOCAL", secretAccessKey: "local" },
    maxAttempts,
  });
  for (const name of Object.keys(tableNames) as (keyof Tables)[]) await plain.createTable(definition(name));
  const client = documentClient(plain);
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
    async close() {
      plain.destroy();
      await server.close();
      await db.close();
    },
  };
}

function definition(name: keyof Tables): CreateTableCommandInput {
  const keys: { partition: string; sort?: string } = tableKeys[name];
  const names = [keys.partition, ...(keys.sort === undefined ? [] : [keys.sort])];
  return {
    TableName: tableNames[name],
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: names.map((attribute) => ({ AttributeName: attribute, AttributeType: "S" as const })),
    KeySchema: keySchema(keys.partition, keys.sort),
  };
}

const keySchema = (partition: string, sort: string | undefined) => [
  { AttributeName: partition, KeyType: "HASH" as const },
  ...(sort === undefined ? [] : [{ AttributeName: sort, KeyType: "RANGE" as const }]),
];
