import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
} from "@aws-sdk/lib-dynamodb";
import type { PublishStore } from "../../core/status/publish-store.ts";
import { leaseRow } from "../../core/status/windows.ts";
import { sessionIndexes, sessionIndexKeys, sessionIndexSort } from "../env.ts";
import { numberOf, type Tables, words } from "./dynamo.ts";
import { createListRows } from "./list-rows.ts";
import { createDues } from "./publish-dues.ts";
import { sessionOf, shardsOf } from "./session-rows.ts";

/** The publisher's view of Sessions (read only) and its own rows in Revocations. */
export function createPublishStore(client: DynamoDBDocumentClient, tables: Tables): PublishStore {
  return {
    ...createDues(client, tables.revocations),
    ...createListRows(client, tables.revocations),
    tree: (root) => readTree(client, tables, root),
    roots: (subject, nowSeconds) => rootsOf(client, tables, subject, nowSeconds),
    rootOf: (sid) => rootOf(client, tables, sid),
    leased: (window) => leased(client, tables, window),
  };
}

async function* pages(client: DynamoDBDocumentClient, input: QueryCommandInput) {
  let from: Record<string, unknown> | undefined;
  do {
    const page: QueryCommandOutput = await client.send(
      new QueryCommand({ ...input, ...(from ? { ExclusiveStartKey: from } : {}) }),
    );
    yield* page.Items ?? [];
    from = page.LastEvaluatedKey;
  } while (from);
}

async function readTree(client: DynamoDBDocumentClient, tables: Tables, root: string) {
  const sessions = [];
  const rows = pages(client, {
    TableName: tables.sessions,
    KeyConditionExpression: "#root = :root",
    ...words(["root"], { root }),
    ConsistentRead: true,
  });
  for await (const item of rows) {
    // offers stand beside their session under `offer#`, counters under `lease`
    if (!item.status) continue;
    const session = sessionOf(item);
    if (session) sessions.push(session);
  }
  return sessions;
}

async function* rootsOf(client: DynamoDBDocumentClient, tables: Tables, subject: string, nowSeconds: number) {
  const kind = subject.slice(0, subject.indexOf(":"));
  const id = subject.slice(kind.length + 1);
  const index = ({ agent: "byAgent", principal: "byPrincipal", build: "byBuild" } as const)[kind];
  if (!index) throw new Error(`no index for ${kind}`);
  for (const shard of shardsOf(id)) {
    const rows = pages(client, {
      TableName: tables.sessions,
      IndexName: sessionIndexes[index],
      KeyConditionExpression: `#${sessionIndexKeys[index]} = :shard AND #${sessionIndexSort} > :nowSeconds`,
      ...words([sessionIndexKeys[index], sessionIndexSort], { shard, nowSeconds }),
    });
    for await (const item of rows) if (typeof item.root === "string") yield item.root;
  }
}

async function rootOf(client: DynamoDBDocumentClient, tables: Tables, sid: string): Promise<string | undefined> {
  const rows = pages(client, {
    TableName: tables.sessions,
    IndexName: sessionIndexes.bySid,
    KeyConditionExpression: "#sid = :sid",
    ...words(["sid"], { sid }),
  });
  for await (const item of rows) return item.root as string;
  return undefined;
}

async function leased(client: DynamoDBDocumentClient, tables: Tables, window: string): Promise<number> {
  const found = await client.send(
    new GetCommand({ TableName: tables.sessions, Key: leaseRow(window), ConsistentRead: true }),
  );
  return found.Item ? numberOf(found.Item, "position") : 0;
}
