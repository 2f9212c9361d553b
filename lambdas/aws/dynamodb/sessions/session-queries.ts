import { type DynamoDBDocumentClient, QueryCommand } from "@aws-sdk/lib-dynamodb";
import type { FoundPlace, PlaceMark, SessionQueries, TreeRow } from "../../../../core/admin/read/session-queries.ts";
import { counterKeys, tombstoneKeys } from "../../../../core/model/row-keys.ts";
import type { Session } from "../../../../core/model/session.ts";
import { leaseSid } from "../../../../core/status/windows.ts";
import type { Item } from "../codec.ts";
import { usesOf } from "../counters.ts";
import { type Tables, words } from "../dynamo.ts";
import { getAll, keysOnce } from "../get-all.ts";
import { findPlace } from "../subjects/subject-reads.ts";
import { endOf, endsAfter, placeOf, shardsOf, sortKey } from "../subjects/subject-rows.ts";
import { readVends } from "../vends/vend-reads.ts";
import { handleKey, handleOf } from "./handle-rows.ts";
import { readLivenessBatch } from "./liveness-batch.ts";
import { offerKey, offerOf } from "./offer-rows.ts";
import { sessionOf } from "./session-rows.ts";

/** Reads for operators' questions; it has no method that writes. */
export function createSessionQueries(client: DynamoDBDocumentClient, tables: Tables): SessionQueries {
  return {
    readLiveness: (query) => readLivenessBatch(client, tables, query),
    places: (subject, after, limit) => readPlaces(client, tables, { subject, after, limit }),
    async sessions(places) {
      const keys = places.map(({ root, sid }) => ({ root, sid }));
      const items = await getAll(client, tables.sessions, keys);
      const found = new Map(items.map((item) => [keyText(item), item]));
      return keysOnce(keys).flatMap((key): Session[] => {
        const item = found.get(keyText(key));
        return item ? [sessionOf(item)] : [];
      });
    },
    vends: (of, most) => readVends(client, tables, { ...of, most }),
    async rootOf(sid) {
      return (await findPlace(client, tables, sid))?.root;
    },
    async usesLeft(names) {
      const items = await getAll(
        client,
        tables.counters,
        names.map((name) => ({ key: counterKeys.uses(name) })),
      );
      return new Map(items.map(usesOf).map(({ key, left }) => [key.slice(counterKeys.uses("").length), left]));
    },
    tree: (root, after, limit) => readTreePage(client, tables, { root, after, limit }),
  };
}

/**
 * Reads all shards concurrently from the same mark, and merges them. Every key consists of end, root and session, so
 * the merged order is that of each shard. A shard that answers a full page may have more rows; those after the page's
 * last row are read again with the next page.
 */
async function readPlaces(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { subject, after, limit }: { readonly subject: string; readonly after: PlaceMark; readonly limit: number },
): Promise<readonly FoundPlace[]> {
  const mark = "sid" in after ? sortKey(after.endSeconds, after) : endsAfter(after.endSeconds);
  const pages = await Promise.all(
    shardsOf(subject).map((shard) =>
      client.send(
        new QueryCommand({
          TableName: tables.subjects,
          KeyConditionExpression: "#subject = :shard AND #session > :after",
          ...words(["subject", "session"], { shard, after: mark }),
          ConsistentRead: true,
          Limit: limit,
        }),
      ),
    ),
  );
  const keys = pages.flatMap(({ Items = [] }) => Items.map(({ session }) => String(session)));
  return keys
    .sort()
    .slice(0, limit)
    .map((key) => ({ ...placeOf(key), endSeconds: endOf(key) }));
}

async function readTreePage(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { root, after, limit }: { readonly root: string; readonly after: string | undefined; readonly limit: number },
): Promise<{ readonly rows: readonly TreeRow[]; readonly next?: string }> {
  const page = await client.send(
    new QueryCommand({
      TableName: tables.sessions,
      KeyConditionExpression: after === undefined ? "#root = :root" : "#root = :root AND #sid > :after",
      ...words(after === undefined ? ["root"] : ["root", "sid"], { root, ...(after === undefined ? {} : { after }) }),
      ConsistentRead: true,
      Limit: limit,
    }),
  );
  const next = page.LastEvaluatedKey?.sid;
  const rows = await withWithdrawals(client, tables, (page.Items ?? []).flatMap(rowOf));
  return { rows, ...(typeof next === "string" ? { next } : {}) };
}

/** Adds to offers whether they were withdrawn, which only their tombstones tell. */
async function withWithdrawals(
  client: DynamoDBDocumentClient,
  tables: Tables,
  rows: readonly TreeRow[],
): Promise<readonly TreeRow[]> {
  const keys = rows.flatMap((row) =>
    row.kind === "offer" ? [{ session: tombstoneKeys.offer(row.offer.handleHash) }] : [],
  );
  const over = new Set<string>();
  for (const { session } of await getAll(client, tables.tombstones, keys)) over.add(String(session));
  return rows.map((row) =>
    row.kind === "offer" && over.has(tombstoneKeys.offer(row.offer.handleHash))
      ? { kind: "offer", offer: { ...row.offer, withdrawn: true } }
      : row,
  );
}

/** Reads a row by the kind that its key names. Other rows (a counter of leases) are left out. */
function rowOf(item: Item): readonly TreeRow[] {
  const sid = String(item.sid);
  if (sid.startsWith(offerKey(""))) return [{ kind: "offer", offer: offerOf(item) }];
  if (sid.startsWith(handleKey(""))) return [{ kind: "handle", handle: handleOf(item) }];
  return sid.includes("#") || sid === leaseSid ? [] : [{ kind: "session", session: sessionOf(item) }];
}

const keyText = ({ root, sid }: Item): string => `${String(root)} ${String(sid)}`;
