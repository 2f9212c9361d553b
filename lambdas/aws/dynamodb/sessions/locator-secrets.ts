import { randomBytes } from "node:crypto";
import { type DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { counterKeys } from "../../../../core/model/row-keys.ts";
import { members, row, text, whole } from "../codec.ts";
import { type Tables, words } from "../dynamo.ts";

const daySeconds = 86_400;
/** Days an instance holds: today and the one before. */
const heldDays = 2;

const secretOf = row({ table: "counters", key: ["key"] }, members({ key: text, secret: text, expiresAt: whole }));

/**
 * The secret of each day, which all instances agree on by one update: whoever comes first writes it, everybody reads what was
 * written. It hides names from who reads a queue and proves nothing, so that it costs no key of KMS. A call a day an
 * instance.
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
