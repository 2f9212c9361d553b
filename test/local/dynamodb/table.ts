import type { DynamoDb } from "../../../local/emulator/dynamodb/engine.ts";

/** An item as it goes over the wire. */
export type WireItem = Record<string, Record<string, unknown>>;

/** Calls an operation that must succeed, and returns its body. */
export async function succeed(db: DynamoDb, operation: string, input: unknown): Promise<Record<string, unknown>> {
  const { status, body } = await db.call(operation, input);
  if (status !== 200) throw new Error(`${operation} was refused: ${JSON.stringify(body)}`);
  return body as Record<string, unknown>;
}

/** Calls an operation that must be refused, and returns its name, with reasons when it is a transaction. */
export async function refusal(db: DynamoDb, operation: string, input: unknown): Promise<string> {
  const { status, body } = await db.call(operation, input);
  if (status === 200) throw new Error(`${operation} succeeded but must be refused`);
  const { __type, CancellationReasons } = body as { __type: string; CancellationReasons?: { Code: string }[] };
  const reasons = CancellationReasons?.map(({ Code }) => Code).join(",");
  return reasons === undefined ? String(__type.split("#")[1]) : `${__type.split("#")[1]}[${reasons}]`;
}

/** Creates the table `outbox`: key `id`, index `byOwner`, a stream of both images. */
export function createOutbox(db: DynamoDb, StreamViewType = "NEW_AND_OLD_IMAGES"): Promise<unknown> {
  return succeed(db, "CreateTable", {
    TableName: "outbox",
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [
      { AttributeName: "id", AttributeType: "S" },
      { AttributeName: "owner", AttributeType: "S" },
    ],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    GlobalSecondaryIndexes: [
      {
        IndexName: "byOwner",
        KeySchema: [{ AttributeName: "owner", KeyType: "HASH" }],
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
    ],
    StreamSpecification: { StreamEnabled: true, StreamViewType },
  });
}

/** Puts one item into `outbox`. */
export function put(db: DynamoDb, id: string, more: WireItem = {}): Promise<unknown> {
  return succeed(db, "PutItem", { TableName: "outbox", Item: { id: { S: id }, ...more } });
}

/** Ids that the index finds under an owner. */
export async function owned(db: DynamoDb, owner: string): Promise<string[]> {
  const body = await succeed(db, "Query", {
    TableName: "outbox",
    IndexName: "byOwner",
    KeyConditionExpression: "#owner = :owner",
    ExpressionAttributeNames: { "#owner": "owner" },
    ExpressionAttributeValues: { ":owner": { S: owner } },
  });
  return (body.Items as WireItem[]).map(({ id }) => String(id?.S)).sort();
}
