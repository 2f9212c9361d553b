/** The template's tables in the embedded DynamoDB, and that store as a service of the endpoint. */

import type { Table } from "../cloudformation/inventory.ts";
import type { Service } from "../service.ts";
import { dynamoDbAccess, type Unsaid } from "./access.ts";
import type { DynamoDb } from "./engine.ts";

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
    access: (operation, input) => dynamoDbAccess(faces, operation, input, unsaid),
    call: (operation, input) => db.call(operation, input),
  };
}
