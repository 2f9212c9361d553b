import { setTimeout as pause } from "node:timers/promises";
import {
  type AttributeValue,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type WriteRequest,
} from "@aws-sdk/client-dynamodb";
import { type Registration, registrationKinds } from "../../core/registry/model.ts";
import { revocationKeys } from "../../core/revocation-rows.ts";

/** Names of the tables that `apply` writes. */
export interface ApplyTables {
  readonly registry: string;
  readonly revocations: string;
  readonly outbox: string;
}

const batchSize = 25;
const attempts = 8;

const kindKey = (version: number, kind: Registration["kind"] | "claim"): string =>
  `${String(version).padStart(8, "0")}#${kind}`;

/** The version the deployment works by; 0 before the first apply. Strongly consistent. */
export async function appliedVersion(dynamo: DynamoDBClient, tables: ApplyTables): Promise<number> {
  const found = await dynamo.send(
    new GetItemCommand({
      TableName: tables.revocations,
      Key: { subject: { S: revocationKeys.deployment(0) } },
      ConsistentRead: true,
    }),
  );
  return Number(found.Item?.registryVersion?.N ?? 0);
}

/** Every registration of a version, strongly consistent. */
export async function readVersion(
  dynamo: DynamoDBClient,
  tables: ApplyTables,
  version: number,
): Promise<readonly Registration[]> {
  if (version === 0) return [];
  const perKind = registrationKinds.map(async (kind) => {
    const rows: Registration[] = [];
    let start: Record<string, AttributeValue> | undefined;
    do {
      const page = await dynamo.send(
        new QueryCommand({
          TableName: tables.registry,
          KeyConditionExpression: "#kind = :kind",
          ExpressionAttributeNames: { "#kind": "kind" },
          ExpressionAttributeValues: { ":kind": { S: kindKey(version, kind) } },
          ConsistentRead: true,
          ...(start ? { ExclusiveStartKey: start } : {}),
        }),
      );
      for (const item of page.Items ?? []) rows.push(JSON.parse(item.row?.S ?? "null") as Registration);
      start = page.LastEvaluatedKey;
    } while (start);
    return rows;
  });
  return (await Promise.all(perKind)).flat();
}

/**
 * Claims the next free version number above `base` for one apply alone. A number somebody has claimed, and died with or
 * still writes under, is never written to: rows of two applies cannot mix.
 */
export async function claimVersion(dynamo: DynamoDBClient, tables: ApplyTables, base: number): Promise<number> {
  for (let version = base + 1; version <= base + 1_000; version += 1) {
    try {
      await dynamo.send(
        new PutItemCommand({
          TableName: tables.registry,
          Item: { kind: { S: kindKey(version, "claim") }, name: { S: "claim" } },
          ConditionExpression: "attribute_not_exists(#kind)",
          ExpressionAttributeNames: { "#kind": "kind" },
        }),
      );
      return version;
    } catch (cause) {
      if (!(cause instanceof ConditionalCheckFailedException)) throw cause;
    }
  }
  throw new Error(
    `a thousand versions above ${base} are claimed but none is applied; look into table ${tables.registry}`,
  );
}

/** Writes all rows of a claimed version. Nobody reads them until the deployment's row names the version. */
export async function writeVersion(
  dynamo: DynamoDBClient,
  tables: ApplyTables,
  version: number,
  rows: readonly Registration[],
): Promise<void> {
  const puts = rows.map(
    (row): WriteRequest => ({
      PutRequest: {
        Item: { kind: { S: kindKey(version, row.kind) }, name: { S: row.name }, row: { S: JSON.stringify(row) } },
      },
    }),
  );
  for (let at = 0; at < puts.length; at += batchSize) await writeAll(dynamo, tables, puts.slice(at, at + batchSize));
}

const writeAll = async (dynamo: DynamoDBClient, tables: ApplyTables, puts: WriteRequest[]): Promise<void> => {
  let left = puts;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const answer = await dynamo.send(new BatchWriteItemCommand({ RequestItems: { [tables.registry]: left } }));
    left = answer.UnprocessedItems?.[tables.registry] ?? [];
    if (left.length === 0) return;
    await pause(50 * 2 ** attempt);
  }
  throw new Error(`${left.length} rows stayed unwritten; nothing was changed, apply again`);
};
