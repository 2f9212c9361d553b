import { randomUUID } from "node:crypto";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll } from "vitest";
import { openTarget, PLAIN, SESSION_LIKE, type Target } from "./target.ts";

export let target: Target;
export let table: string;
export let indexed: string;

export type Image = Record<string, AttributeValue>;

export const key = (pk: string) => ({ TableName: table, Key: { pk: { S: pk } } });
export const get = async (pk: string) => (await target.client.getItem({ ...key(pk), ConsistentRead: true })).Item;

export const put = (pk: string, more: Image = {}, condition = {}) =>
  target.client.putItem({ TableName: table, Item: { pk: { S: pk }, ...more }, ...condition });

export const update = (pk: string, UpdateExpression: string, values: Image = {}, more = {}) =>
  target.client.updateItem({
    ...key(pk),
    UpdateExpression,
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
    ...more,
  });

export const fresh = async (more: Image = {}) => {
  const pk = randomUUID();
  await put(pk, more);
  return pk;
};

/** Maps around a text: the text is a level of its own. */
export const nested = (levels: number): AttributeValue =>
  levels === 0 ? { S: "x" } : { M: { a: nested(levels - 1) } };

/** Has each test of the calling file begin on this ground. */
export function setUp(): void {
  beforeAll(async () => {
    target = await openTarget();
    table = await target.createTable(PLAIN);
    indexed = await target.createTable(SESSION_LIKE);
  });
  afterAll(() => target.close());
}
