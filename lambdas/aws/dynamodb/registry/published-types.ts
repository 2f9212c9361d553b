import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { type Clock, nowSeconds } from "../../../../core/model/ports.ts";
import { publishedRow } from "../../../../core/registry/published.ts";
import { type Item, list, members, row, text } from "../codec.ts";

const published = row(
  { table: "registry", key: ["kind", "name"] },
  members({ kind: text, name: text, detailsTypes: list(text) }),
);

/** The row of table Registry that is public. */
export const publishedItem = (detailsTypes: readonly string[]) => ({ ...publishedRow, detailsTypes });

/**
 * The names in a row of {@link publishedItem}.
 * @throws {@link BrokenRow}
 */
export const publishedOf = (item: Item): readonly string[] => published(item).detailsTypes;

/** How long the names are used before they are read again. Readers cache the metadata itself for a minute. */
const ageSeconds = 60;

/**
 * Reads the names of the details types in the present registry, for metadata; none before the first apply. The row is
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
    const types = Item ? publishedOf(Item) : [];
    held = { types, atSeconds: now };
    return types;
  };
}
