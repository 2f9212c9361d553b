import { type AttributeValue, type DynamoDBClient, GetItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { type Registration, registrationKinds } from "../../core/registry/model.ts";
import { revocationKeys } from "../../core/revocation-rows.ts";

/** Names of the tables that are read directly. */
export interface ApplyTables {
  readonly registry: string;
  readonly revocations: string;
  readonly outbox: string;
}

const kindKey = (version: number, kind: Registration["kind"]): string => `${String(version).padStart(8, "0")}#${kind}`;

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
