import { type DynamoDBDocumentClient, ScanCommand, type ScanCommandOutput } from "@aws-sdk/lib-dynamodb";
import type { Gaps } from "../../../../core/endpoints/reconciler.ts";
import type { Item } from "../codec.ts";
import { type Tables, words } from "../dynamo.ts";
import { readBoth } from "./both.ts";
import { waitingIn } from "./waiting.ts";

/** Pages of a megabyte that one run reads of the Outbox: at 288 runs a day some two gigabytes. */
const pagesARun = 8;

/** Table Leaves as the reconciler uses it, beside the Outbox. */
export function createGaps(client: DynamoDBDocumentClient, tables: Pick<Tables, "outbox" | "leaves">): Gaps {
  /** Those that an index shows and that, read again, still lack what it stands for. */
  const lacking = async (
    index: "unsealed" | "unseen",
    lacks: (leaf: Item) => boolean,
    bounds: { readonly beforeMillis: number; readonly most: number },
  ) => {
    const ids = await waitingIn(client, tables.leaves, index, bounds);
    const both = await readBoth(client, tables, ids);
    return ids.filter((id) => {
      const leaf = both.get(id)?.leaf;
      return leaf !== undefined && lacks(leaf);
    });
  };
  return {
    unplaced: (beforeMillis, most) => lacking("unsealed", ({ index }) => index === undefined, { beforeMillis, most }),
    unseen: (beforeMillis, most) =>
      lacking("unseen", ({ objectKey }) => objectKey === undefined, { beforeMillis, most }),
    async unnoted(from, beforeMillis) {
      const found: string[] = [];
      let next: Item | undefined = from;
      for (let page = 0; page < pagesARun; page++) {
        const answer = await scan(client, { table: tables.outbox, from: next, beforeMillis });
        const ids = (answer.Items ?? []).map(({ eventId }) => String(eventId));
        const both = await readBoth(client, tables, ids);
        // a record that expired since it was listed is nobody's loss
        found.push(...ids.filter((id) => both.get(id)?.record !== undefined && both.get(id)?.leaf === undefined));
        next = answer.LastEvaluatedKey;
        if (next === undefined) break;
      }
      return { eventIds: found, ...(next && { next }) };
    },
  };
}

const scan = (
  client: DynamoDBDocumentClient,
  { table, from, beforeMillis }: { table: string; from: Item | undefined; beforeMillis: number },
): Promise<ScanCommandOutput> =>
  client.send(
    new ScanCommand({
      TableName: table,
      FilterExpression: "#timeMillis < :before AND #expiresAt > :now",
      ProjectionExpression: "#eventId",
      ...words(["timeMillis", "expiresAt", "eventId"], { before: beforeMillis, now: Math.floor(beforeMillis / 1000) }),
      ...(from && { ExclusiveStartKey: { ...from } }),
    }),
  );
