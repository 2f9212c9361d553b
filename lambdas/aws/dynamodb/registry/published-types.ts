import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { type Clock, nowSeconds } from "../../../../core/model/ports.ts";
import { publishedRow } from "../../../../core/registry/published.ts";

/** How long a reading serves; metadata itself is kept a minute by whoever fetched it. */
const ageSeconds = 60;

/**
 * Reads the names of the details types the registry has now, for metadata; none before the first apply. The row is
 * written in the transaction that makes a version current.
 */
export function createPublishedTypes(
  client: DynamoDBDocumentClient,
  registryTable: string,
  clock: Clock,
): () => Promise<readonly string[]> {
  let held: { readonly types: readonly string[]; readonly atSeconds: number } | undefined;
  return async () => {
    const now = nowSeconds(clock);
    if (held && now - held.atSeconds < ageSeconds) return held.types;
    const { Item } = await client.send(new GetCommand({ TableName: registryTable, Key: publishedRow }));
    const names: unknown = Item?.detailsTypes;
    const types = Array.isArray(names) ? names.filter((name): name is string => typeof name === "string") : [];
    held = { types, atSeconds: now };
    return types;
  };
}
