/** The template's tables in the embedded DynamoDB, and that store as a service of the endpoint. */

import { list } from "../cloudformation/list.ts";
import type { Cloud } from "../cloudformation/template.ts";
import type { Json, Service } from "../service.ts";
import { dynamoDbAccess, type TableFace, type Unsaid } from "./access.ts";
import type { DynamoDb } from "./engine.ts";

/** A table: its permissions' face, the CreateTable call and its TTL attribute. */
interface Table extends TableFace {
  readonly create: Json;
  readonly ttlAttribute?: string;
}

/** Tables of the template. */
export function tablesOf(cloud: Cloud): Table[] {
  return cloud.ofType("AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table").map((resource) => {
    const { ref, attributes } = cloud.physical(resource);
    const properties = cloud.properties(resource);
    const indexes = list(properties.GlobalSecondaryIndexes).map(({ IndexName, KeySchema, Projection }) => ({
      IndexName,
      KeySchema,
      Projection,
    }));
    const stream = properties.StreamSpecification as Json | undefined;
    const ttl = properties.TimeToLiveSpecification as { AttributeName?: string; Enabled?: boolean } | undefined;
    return {
      name: ref,
      arn: attributes.Arn ?? "",
      partitionKey: hashKey(properties.KeySchema),
      indexes: new Map(indexes.map(({ IndexName, KeySchema }) => [String(IndexName), hashKey(KeySchema)])),
      create: {
        TableName: ref,
        AttributeDefinitions: properties.AttributeDefinitions,
        KeySchema: properties.KeySchema,
        BillingMode: "PAY_PER_REQUEST",
        ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: indexes }),
        // A global table's stream has no StreamEnabled: being there says it.
        ...(stream === undefined
          ? {}
          : { StreamSpecification: { StreamEnabled: true, StreamViewType: stream.StreamViewType } }),
      },
      ...(ttl?.Enabled === true && ttl.AttributeName !== undefined ? { ttlAttribute: ttl.AttributeName } : {}),
    };
  });
}

/** Names of the key attributes of each table of the template; none of a table that it does not hold. */
export function schemasOf(cloud: Cloud): (table: string) => readonly string[] {
  const keys = new Map(
    tablesOf(cloud).map(({ name, create }) => [
      name,
      list(create.KeySchema).map(({ AttributeName }) => String(AttributeName)),
    ]),
  );
  return (table) => keys.get(table) ?? [];
}

/** Creates the tables that are not there yet; a table of the last run keeps its data. */
export async function createTables(db: DynamoDb, tables: readonly Table[]): Promise<void> {
  const call = async (operation: string, input: unknown) => {
    const { status, body } = await db.call(operation, input);
    if (status !== 200) throw new Error(`${operation} failed: ${JSON.stringify(body)}`);
    return body;
  };
  const { TableNames } = (await call("ListTables", {})) as { TableNames: string[] };
  for (const { name, create, ttlAttribute } of tables) {
    if (TableNames.includes(name)) continue;
    await call("CreateTable", create);
    if (ttlAttribute === undefined) continue;
    const TimeToLiveSpecification = { AttributeName: ttlAttribute, Enabled: true };
    await call("UpdateTimeToLive", { TableName: name, TimeToLiveSpecification });
  }
}

/** DynamoDB behind the endpoint. */
export function dynamoDbService(db: DynamoDb, tables: readonly Table[], unsaid: Unsaid): Service {
  const faces = new Map(tables.map((table) => [table.name, table]));
  return {
    target: "DynamoDB_20120810",
    access: (operation, input) => dynamoDbAccess({ tables: faces, unsaid }, operation, input),
    call: (operation, input) => db.call(operation, input),
  };
}

function hashKey(schema: unknown): string {
  return String(list(schema).find(({ KeyType }) => KeyType === "HASH")?.AttributeName);
}
