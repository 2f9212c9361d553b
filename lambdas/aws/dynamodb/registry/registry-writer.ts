import { setTimeout as pause } from "node:timers/promises";
import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import {
  BatchWriteCommand,
  type BatchWriteCommandInput,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandOutput,
} from "@aws-sdk/lib-dynamodb";
import { limits } from "../../../../core/model/limits.ts";
import { type Registration, registrationKinds } from "../../../../core/model/registry.ts";
import { err, ok } from "../../../../core/model/result.ts";
import { revocationKeys } from "../../../../core/model/row-keys.ts";
import { publishedCardKeys, publishedDetailsTypes } from "../../../../core/registry/published.ts";
import type { AppliedVersion, RegistryChange, RegistryStore } from "../../../../core/registry/store.ts";
import { longestLifeSeconds } from "../../../../core/token/plan.ts";
import { type Action, type Tables, transact, words } from "../dynamo.ts";
import { outboxPut } from "../outbox.ts";
import { epochOf } from "../revocations/epoch-rows.ts";
import { cardKeysItem } from "./card-keys.ts";
import { history, historyItem, historyOf, versionText } from "./history-rows.ts";
import { publishedItem } from "./published-types.ts";
import { registrationItem, registryKind } from "./registration-rows.ts";
import { rowsOfKind } from "./registry-source.ts";

const batchSize = 25;
const attempts = 8;
/** How many numbers above the base are tried. Each interrupted apply has left one that is never used again. */
const claims = 1_000;

type Put = NonNullable<NonNullable<BatchWriteCommandInput["RequestItems"]>[string]>[number];

/** The only adapter that writes the registry; used only by `admin-write` and by the deployment's own apply. */
export function createRegistryStore(client: DynamoDBDocumentClient, tables: Tables): RegistryStore {
  return {
    applied: () => appliedVersion(client, tables),
    rows: async (version) =>
      (await Promise.all(registrationKinds.map((kind) => rowsOfKind(client, tables, { version, kind })))).flat(),
    async apply(change) {
      const version = await claim(client, tables, change.base);
      await writeRows(client, tables, { version, rows: change.rows });
      const moved = await transact(client, actionsOf(tables, change, version));
      return moved.ok ? ok(version) : err("stale");
    },
    history: (limit, before) => readHistory(client, tables, { limit, before }),
  };
}

async function appliedVersion(client: DynamoDBDocumentClient, tables: Tables): Promise<number> {
  const Key = { subject: revocationKeys.deployment(0) };
  const { Item } = await client.send(new GetCommand({ TableName: tables.revocations, Key, ConsistentRead: true }));
  return (Item && epochOf(Item).registryVersion) ?? 0;
}

/**
 * Claims the next free number for this apply. A number that another apply has claimed is never used, whether that apply
 * was interrupted or still runs, so the rows of two applies cannot mix.
 */
async function claim(client: DynamoDBDocumentClient, tables: Tables, base: number): Promise<number> {
  for (let version = base + 1; version <= base + claims; version++) {
    try {
      await client.send(
        new PutCommand({
          TableName: tables.registry,
          Item: { kind: registryKind(version, "claim"), name: "claim" },
          ConditionExpression: "attribute_not_exists(#kind)",
          ...words(["kind"]),
        }),
      );
      return version;
    } catch (cause) {
      if (!(cause instanceof ConditionalCheckFailedException)) throw cause;
    }
  }
  throw new Error(`${claims} versions above ${base} are claimed and none is applied; look into the registry's table`);
}

/** Writes all rows of a claimed version. Nobody reads them until the deployment's row names the version. */
async function writeRows(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { version, rows }: { readonly version: number; readonly rows: readonly Registration[] },
): Promise<void> {
  const puts = rows.map((row): Put => ({ PutRequest: { Item: registrationItem(version, row) } }));
  for (let at = 0; at < puts.length; at += batchSize) await writeBatch(client, tables, puts.slice(at, at + batchSize));
}

async function writeBatch(client: DynamoDBDocumentClient, tables: Tables, puts: readonly Put[]): Promise<void> {
  let left: readonly Put[] = puts;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const answer = await client.send(new BatchWriteCommand({ RequestItems: { [tables.registry]: [...left] } }));
    left = answer.UnprocessedItems?.[tables.registry] ?? [];
    if (left.length === 0) return;
    await pause(50 * 2 ** attempt);
  }
  throw new Error(`${left.length} rows of the registry stayed unwritten; nothing was changed, apply again`);
}

/**
 * Moves every copy of the deployment's row to the version, and writes the public rows, the history entry and the
 * record.
 */
function actionsOf(tables: Tables, { base, rows, entry, record }: RegistryChange, version: number): Action<"stale">[] {
  const longest = longestLifeSeconds(rows);
  const copies = Array.from({ length: limits.deploymentCopies }, (_, copy) =>
    moveCopy(tables, copy, { base, version, longest }),
  );
  const published = publishedItem(publishedDetailsTypes(rows));
  const cardKeys = cardKeysItem(publishedCardKeys(rows));
  const entryRow = historyItem({ ...entry, version });
  return [
    ...copies,
    { item: { Put: { TableName: tables.registry, Item: published } } },
    { item: { Put: { TableName: tables.registry, Item: cardKeys } } },
    { item: { Put: { TableName: tables.registry, Item: entryRow } } },
    { item: { Put: outboxPut(tables, record(version)) } },
  ];
}

/**
 * Changes only the version and the longest life of a session, which the publisher reads. So a concurrent revocation of
 * the deployment keeps its epoch and block.
 */
const moveCopy = (
  tables: Tables,
  copy: number,
  { base, version, longest }: { readonly base: number; readonly version: number; readonly longest: number },
): Action<"stale"> => ({
  conflict: "stale",
  item: {
    Update: {
      TableName: tables.revocations,
      Key: { subject: revocationKeys.deployment(copy) },
      UpdateExpression:
        "SET #registryVersion = :version, #longestLifeSeconds = :longest, #generation = if_not_exists(#generation, :zero), #blocked = if_not_exists(#blocked, :no)",
      ConditionExpression: base === 0 ? "attribute_not_exists(#registryVersion)" : "#registryVersion = :base",
      ...words(["registryVersion", "longestLifeSeconds", "generation", "blocked"], {
        version,
        longest,
        zero: 0,
        no: false,
        ...(base === 0 ? {} : { base }),
      }),
    },
  },
});

async function readHistory(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { limit, before }: { readonly limit: number; readonly before: number | undefined },
): Promise<readonly AppliedVersion[]> {
  const bound = before === undefined ? {} : { before: versionText(before) };
  const found: AppliedVersion[] = [];
  let from: Record<string, unknown> | undefined;
  // a page holds 1 MB at most, so it may have fewer rows than the limit
  do {
    const page: QueryCommandOutput = await client.send(
      new QueryCommand({
        TableName: tables.registry,
        KeyConditionExpression: before === undefined ? "#kind = :kind" : "#kind = :kind AND #name < :before",
        ...words(before === undefined ? ["kind"] : ["kind", "name"], { kind: history, ...bound }),
        ScanIndexForward: false,
        ConsistentRead: true,
        Limit: limit - found.length,
        ...(from ? { ExclusiveStartKey: from } : {}),
      }),
    );
    found.push(...(page.Items ?? []).map(historyOf));
    from = page.LastEvaluatedKey;
  } while (from && found.length < limit);
  return found;
}
