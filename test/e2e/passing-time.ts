import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { expect } from "vitest";
import type { KeyPurpose } from "../../core/model/ports.ts";
import type { Ring } from "../../core/ring/model.ts";
import type { World } from "../../local/demo/story/world.ts";

/** The ring of a purpose as its row stands now. */
export async function ringOf(world: World, purpose: KeyPurpose): Promise<Ring & { ring: string }> {
  const operator = { ...world.cloud.operator };
  const reader = DynamoDBDocumentClient.from(new DynamoDBClient({ ...world.endpoints.aws, credentials: operator }));
  const { Item } = await reader.send(
    new GetCommand({
      TableName: world.cloud.outputs.KeyringTable,
      Key: { ring: purpose },
      ConsistentRead: true,
    }),
  );
  reader.destroy();
  return Item as Ring & { ring: string };
}

type Attribute = { S: string } | { N: string } | { L: Attribute[] } | { M: Record<string, Attribute> };
const attributeOf = (value: unknown): Attribute => {
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: String(value) };
  return Array.isArray(value) ? { L: value.map(attributeOf) } : { M: attributesOf(value as object) };
};
const attributesOf = (row: object): Record<string, Attribute> =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, attributeOf(value)]));

/** As if this long had passed since everything these rings remember, and then the rotator came. */
export async function passTime(world: World, seconds: number, purposes: readonly KeyPurpose[]): Promise<void> {
  for (const purpose of purposes) {
    const ring = await ringOf(world, purpose);
    const before = (at: number | undefined) => (at === undefined ? undefined : Math.max(0, at - seconds));
    const keys = ring.keys.map((key) =>
      JSON.parse(
        JSON.stringify({
          ...key,
          createdAtSeconds: before(key.createdAtSeconds),
          publishedAtSeconds: before(key.publishedAtSeconds),
          activatedAtSeconds: before(key.activatedAtSeconds),
          retiredAtSeconds: before(key.retiredAtSeconds),
        }),
      ),
    );
    // the keyring's own policy lets nobody else write
    const put = { TableName: world.cloud.outputs.KeyringTable, Item: attributesOf({ ...ring, keys }) };
    expect((await world.cloud.dynamodb("PutItem", put)).status).toBe(200);
  }
  await world.cloud.invoke("rotator", {});
}
