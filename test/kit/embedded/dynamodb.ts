import { DynamoDB } from "@aws-sdk/client-dynamodb";
import type { Tables } from "../../../lambdas/aws/dynamodb/dynamo.ts";
import { tableIndexes, tableKeys } from "../../../lambdas/env.ts";
import { type DynamoDb, openDynamoDb } from "../../../local/emulator/dynamodb/engine.ts";
import { startDynamoServer } from "../../../local/emulator/dynamodb/server.ts";

/** Names of the attributes that are a table's key, by the table's name: partition, then sort where there is one. */
type KeysByTable = Readonly<Record<string, readonly string[]>>;

/** An embedded DynamoDB behind the real SDK. */
export interface EmbeddedTables {
  readonly db: DynamoDb;
  readonly endpoint: string;
  readonly dynamo: DynamoDB;
  close(): Promise<void>;
}

/** The product's tables but the key ring's, under the names they have here. */
export const tableNames: Tables = {
  sessions: "Sessions",
  vends: "Vends",
  subjects: "Subjects",
  markers: "Markers",
  counters: "Counters",
  budgets: "Budgets",
  tombstones: "Tombstones",
  revocations: "Revocations",
  lists: "Lists",
  traces: "Traces",
  registry: "Registry",
  people: "People",
  confirmations: "Confirmations",
  outbox: "Outbox",
  leaves: "Leaves",
  approvals: "Approvals",
  decisions: "Decisions",
  changes: "Changes",
};

/** Keys of some of the product's tables, all of them unless told otherwise, as they are deployed. */
export const productTables = (
  tables: readonly (keyof Tables)[] = Object.keys(tableNames) as (keyof Tables)[],
): KeysByTable => Object.fromEntries(tables.map((table) => [tableNames[table], Object.values(tableKeys[table])]));

/** How an engine is opened: in memory unless it is given a folder, without streams unless it is told to have them. */
interface EngineOptions {
  readonly directory?: string;
  readonly streams?: boolean;
}

async function openEngine(tables: KeysByTable, { directory, streams = false }: EngineOptions): Promise<DynamoDb> {
  const db = await openDynamoDb(directory === undefined ? {} : { directory });
  const streaming = { StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" } };
  for (const [TableName, names] of Object.entries(tables))
    await db.call("CreateTable", {
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        ...names.map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
        ...attributesOf(TableName),
      ],
      KeySchema: names.map((AttributeName, n) => ({ AttributeName, KeyType: n === 0 ? "HASH" : "RANGE" })),
      ...indexesOf(TableName),
      ...(streams ? streaming : {}),
    });
  return db;
}

/** Indexes of one of the product's tables, as they are deployed. */
const ownIndexes = (table: string) => {
  const name = Object.entries(tableNames).find(([, each]) => each === table)?.[0];
  return Object.entries(name === "leaves" ? tableIndexes.leaves : {});
};

const attributesOf = (table: string) => {
  const partitions = ownIndexes(table).map(([, { partition }]) => [partition, "S"] as const);
  const sorts = ownIndexes(table).map(([, { sort }]) => [sort, "N"] as const);
  return [...new Map([...partitions, ...sorts])].map(([AttributeName, AttributeType]) => ({
    AttributeName,
    AttributeType,
  }));
};

function indexesOf(table: string) {
  const indexes = ownIndexes(table).map(([IndexName, { partition, sort }]) => ({
    IndexName,
    KeySchema: [
      { AttributeName: partition, KeyType: "HASH" },
      { AttributeName: sort, KeyType: "RANGE" },
    ],
    Projection: { ProjectionType: "KEYS_ONLY" },
  }));
  return indexes.length === 0 ? {} : { GlobalSecondaryIndexes: indexes };
}

/**
 * An engine with empty tables that the SDK's client speaks to over HTTP.
 * @param options `maxAttempts` is the SDK's own, one unless told otherwise: tests see what is repeated by us
 */
export async function openTables(
  tables: KeysByTable,
  options: EngineOptions & { readonly maxAttempts?: number } = {},
): Promise<EmbeddedTables> {
  const db = await openEngine(tables, options);
  const server = await startDynamoServer(db);
  const dynamo = clientOf(server.endpoint, options.maxAttempts);
  return {
    db,
    endpoint: server.endpoint,
    dynamo,
    async close() {
      dynamo.destroy();
      await server.close();
      await db.close();
    },
  };
}

/** A client of an endpoint on this machine; its credentials open nothing. */
export function clientOf(endpoint: string, maxAttempts = 1): DynamoDB {
  const credentials = { accessKeyId: "AKIALOCAL", secretAccessKey: "local" };
  return new DynamoDB({ endpoint, region: "eu-west-1", credentials, maxAttempts });
}
