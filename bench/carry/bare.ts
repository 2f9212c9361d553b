import { PutObjectCommand } from "@aws-sdk/client-s3";
import { PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { leafItem } from "../../lambdas/aws/dynamodb/leaves/leaf-rows.ts";
import { tableNames as tables } from "../../test/kit/embedded/dynamodb.ts";
import { bucketName } from "../../test/kit/embedded/s3.ts";
import type { Way } from "./way.ts";

/** An object as the log's writer put it. */
export interface Put {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** Writes that run at the same time, as the sealer has it. */
const atOnce = 20;
let made = 0;

/**
 * The least that any relay and sealer must write of so many records that each has a row of its own: one conditional put
 * and one conditional update each, and the log's objects, created; nothing is read, packed, hashed or sent.
 */
export async function bareWrites({ client, bucket }: Way, count: number, puts: readonly Put[]): Promise<void> {
  const serial = made++;
  const ids = Array.from({ length: count }, (_, n) => `bare${serial}x${n}`.padEnd(22, "_"));
  const hash = "x".repeat(43);
  const expiresAt = Math.floor(Date.now() / 1000) + 14 * 86_400;
  await each(ids, (eventId) =>
    client.send(
      new PutCommand({
        TableName: tables.leaves,
        Item: leafItem({ eventId, hash, atMillis: Date.now(), expiresAt }),
        ConditionExpression: "attribute_not_exists(#event)",
        ExpressionAttributeNames: { "#event": "event" },
      }),
    ),
  );
  await each(ids, (event, index) =>
    client.send(
      new UpdateCommand({
        TableName: tables.leaves,
        Key: { event },
        UpdateExpression: "SET #index = :index REMOVE #unsealed",
        ConditionExpression: "attribute_exists(#event) AND attribute_not_exists(#index)",
        ExpressionAttributeNames: { "#event": "event", "#index": "index", "#unsealed": "unsealed" },
        ExpressionAttributeValues: { ":index": index },
      }),
    ),
  );
  for (const { key, bytes } of puts)
    await bucket.client.send(
      new PutObjectCommand({ Bucket: bucketName, Key: `bare${serial}/${key}`, Body: bytes, IfNoneMatch: "*" }),
    );
}

async function each<T>(all: readonly T[], write: (one: T, index: number) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < all.length; at += atOnce)
    await Promise.all(all.slice(at, at + atOnce).map((one, n) => write(one, at + n)));
}
