import { randomBytes } from "node:crypto";
import { type DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { counterKeys } from "../../../../core/model/row-keys.ts";
import { members, row, text, whole } from "../codec.ts";
import { type Tables, words } from "../dynamo.ts";

const daySeconds = 86_400;
/** Days whose secret an instance keeps: today and yesterday. */
const heldDays = 2;

const secretOf = row({ table: "counters", key: ["key"] }, members({ key: text, secret: text, expiresAt: whole }));

/**
 * The secret of each day. All instances agree on it by one update: the first instance writes it, and every instance
 * reads what was written. It only hides names from somebody who reads a queue and proves nothing, so it needs no key of
 * KMS. Each instance makes one call a day.
 */
export function createLocatorSecrets(client: DynamoDBDocumentClient, tables: Tables): (day: number) => Promise<string> {
  const held = new Map<number, Promise<string>>();
  return (day) => {
    const known = held.get(day);
    if (known) return known;
    const loading = agree(client, tables, day);
    held.set(day, loading);
    const [oldest] = [...held.keys()].sort((a, b) => a - b);
    if (held.size > heldDays && oldest !== undefined) held.delete(oldest);
    loading.catch(() => held.delete(day));
    return loading;
  };
}

async function agree(client: DynamoDBDocumentClient, tables: Tables, day: number): Promise<string> {
  const answer = await client.send(
    new UpdateCommand({
      TableName: tables.counters,
      Key: { key: counterKeys.locator(day) },
      UpdateExpression: "SET #secret = if_not_exists(#secret, :fresh), #expiresAt = :expiresAt",
      ...words(["secret", "expiresAt"], {
        fresh: randomBytes(32).toString("base64url"),
        expiresAt: (day + 2) * daySeconds,
      }),
      ReturnValues: "ALL_NEW",
    }),
  );
  return secretOf(answer.Attributes ?? {}).secret;
}
