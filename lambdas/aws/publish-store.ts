import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { revocationKeys } from "../../core/revocation-rows.ts";
import type { PublishStore } from "../../core/status/publish.ts";
import { leaseRow, parseList, windowEndsAtSeconds } from "../../core/status/windows.ts";
import { sessionIndexes, sessionIndexKeys } from "../env.ts";
import { numberOf, type Tables, words } from "./dynamo.ts";
import { createDues } from "./publish-dues.ts";
import { sessionOf, shardsOf } from "./session-rows.ts";

/** Indices in one update: a number takes a few bytes, a request 4 MB, an expression value must stay small. */
const indicesAtOnce = 2_000;

/** The publisher's view of Sessions (read only) and its own rows in Revocations. */
export function createPublishStore(client: DynamoDBDocumentClient, tables: Tables): PublishStore {
  return {
    ...createDues(client, tables.revocations),
    tree: (root) => readTree(client, tables, root),
    roots: (subject) => rootsOf(client, tables, subject),
    rootOf: (sid) => rootOf(client, tables, sid),
    leased: (window) => leased(client, tables, window),
    revoke: (list, indices) => addBits(client, tables, list, indices),
    revokeBelow: (list, count) => raiseFloor(client, tables, list, count),
    revoked: (list) => readBits(client, tables, list),
    putSigned: (list, token, count) => putSigned(client, tables, list, token, count),
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

async function* rootsOf(client: DynamoDBDocumentClient, tables: Tables, subject: string) {
  const kind = subject.slice(0, subject.indexOf(":"));
  const id = subject.slice(kind.length + 1);
  const index = ({ agent: "byAgent", principal: "byPrincipal", build: "byBuild" } as const)[kind];
  if (!index) throw new Error(`no index for ${kind}`);
  for (const shard of shardsOf(id)) {
    const rows = pages(client, {
      TableName: tables.sessions,
      IndexName: sessionIndexes[index],
      KeyConditionExpression: `#${sessionIndexKeys[index]} = :shard`,
      ...words([sessionIndexKeys[index]], { shard }),
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

async function addBits(client: DynamoDBDocumentClient, tables: Tables, list: string, indices: readonly number[]) {
  for (let from = 0; from < indices.length; from += indicesAtOnce) {
    const some = new Set(indices.slice(from, from + indicesAtOnce));
    await client.send(
      new UpdateCommand({
        TableName: tables.revocations,
        Key: { subject: revocationKeys.statusBits(list) },
        UpdateExpression: "ADD #bits :some SET #expiresAt = :expiresAt",
        ...words(["bits", "expiresAt"], { some, expiresAt: rowExpiry(list) }),
      }),
    );
  }
}

/** A floor instead of 65,536 numbers: the whole set would not fit into one item with its text form. */
async function raiseFloor(client: DynamoDBDocumentClient, tables: Tables, list: string, count: number) {
  await unlessRefused(
    client.send(
      new UpdateCommand({
        TableName: tables.revocations,
        Key: { subject: revocationKeys.statusBits(list) },
        UpdateExpression: "SET #floor = :count, #expiresAt = :expiresAt",
        ConditionExpression: "attribute_not_exists(#floor) OR #floor < :count",
        ...words(["floor", "expiresAt"], { count, expiresAt: rowExpiry(list) }),
      }),
    ),
  );
}

async function readBits(client: DynamoDBDocumentClient, tables: Tables, list: string): Promise<ReadonlySet<number>> {
  const key = { subject: revocationKeys.statusBits(list) };
  const { Item } = await client.send(new GetCommand({ TableName: tables.revocations, Key: key, ConsistentRead: true }));
  const floor = Item?.floor === undefined ? 0 : numberOf(Item, "floor");
  const below = Array.from({ length: floor }, (_, idx) => idx);
  return new Set([...below, ...((Item?.bits as ReadonlySet<number> | undefined) ?? [])]);
}

async function putSigned(client: DynamoDBDocumentClient, tables: Tables, list: string, token: string, count: number) {
  await unlessRefused(
    client.send(
      new PutCommand({
        TableName: tables.revocations,
        Item: { subject: revocationKeys.signedList(list), token, revoked: count, expiresAt: rowExpiry(list) },
        // bits are only ever set: more of them is newer
        ConditionExpression: "attribute_not_exists(#subject) OR #revoked <= :count",
        ...words(["subject", "revoked"], { count }),
      }),
    ),
  );
}

/** A condition that fails means somebody else already wrote something newer. */
async function unlessRefused(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (failure) {
    if (!(failure instanceof ConditionalCheckFailedException)) throw failure;
  }
}

function rowExpiry(list: string): number {
  const parsed = parseList(list);
  if (!parsed) throw new Error(`not a status list of ours: ${list.slice(0, 40)}`);
  return windowEndsAtSeconds(parsed.window) + 86_400;
}
