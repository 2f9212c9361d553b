import { type DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { markerKeys } from "../../../../core/model/row-keys.ts";
import type { Ask } from "../../../../core/notices/ask.ts";
import { insistent, type Tables } from "../dynamo.ts";
import { readAll } from "../sessions/liveness-batch.ts";

/** DynamoDB's bound on one BatchGetItem. */
const readAtOnce = 100;
const writtenAtOnce = 20;

/** Rows of table Markers that say of which requests people were told. They are of no use once a request is over. */
export function createTold(client: DynamoDBDocumentClient, tables: Pick<Tables, "markers">) {
  return {
    async among(asks: readonly Ask[]): Promise<ReadonlySet<string>> {
      const ids = [...new Set(asks.map(({ id }) => id))];
      const keys = new Map(ids.map((id) => [markerKeys.told(id), id]));
      const known = new Set<string>();
      const all = [...keys.keys()];
      for (let at = 0; at < all.length; at += readAtOnce) {
        const rows = await readAll(
          client,
          all.slice(at, at + readAtOnce).map((key) => ({ table: tables.markers, key: { key } })),
        );
        // nobody is told twice because a table was slow: the messages come again
        if (!rows) throw new Error("table Markers could not be read");
        for (const { item } of rows) known.add(keys.get(String(item.key)) ?? "");
      }
      return known;
    },
    async keep(asks: readonly Ask[]): Promise<void> {
      const put = ({ id, endsAtSeconds }: Ask) =>
        insistent(() =>
          client.send(
            new PutCommand({
              TableName: tables.markers,
              Item: { key: markerKeys.told(id), use: "told", expiresAt: endsAtSeconds },
            }),
          ),
        );
      for (let at = 0; at < asks.length; at += writtenAtOnce)
        await Promise.all(asks.slice(at, at + writtenAtOnce).map(put));
    },
  };
}
