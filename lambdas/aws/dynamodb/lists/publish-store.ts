import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { revocationKeys } from "../../../../core/model/row-keys.ts";
import type { PublishStore } from "../../../../core/status/publish-store.ts";
import { leaseRow } from "../../../../core/status/windows.ts";
import type { Tables } from "../dynamo.ts";
import { epochOf } from "../revocations/epoch-rows.ts";
import { readListedTree } from "../sessions/session-tree.ts";
import { findPlace, sessionsOf } from "../subjects/subject-reads.ts";
import { createCutRows } from "./cut-rows.ts";
import { createListRows } from "./list-rows.ts";
import { createDues } from "./publish-dues.ts";
import { leasedBefore, leaseOf } from "./status-leases.ts";

/** The publisher's view of Sessions and Subjects (read only), the deployment's row, and its own rows in Lists. */
export function createPublishStore(client: DynamoDBDocumentClient, tables: Tables): PublishStore {
  return {
    ...createDues(client, tables.lists),
    ...createListRows(client, tables.lists),
    ...createCutRows(client, tables.lists),
    tree: (root) => readListedTree(client, tables, root),
    sessions: (subject, nowSeconds, after = {}) => sessionsOf(client, tables, { subject, nowSeconds, after }),
    rootOf: async (sid) => (await findPlace(client, tables, sid))?.root,
    longestLifeSeconds: () => longestLifeSeconds(client, tables),
    leased: async (window) => {
      const lease = await readLease(client, tables, window);
      return lease?.position ?? 0;
    },
    leasedBefore: async (window, epoch) => {
      const lease = await readLease(client, tables, window);
      return lease ? leasedBefore(lease, epoch) : 0;
    },
  };
}

/** The longest life that the last apply stored beside the current version. */
async function longestLifeSeconds(client: DynamoDBDocumentClient, tables: Tables): Promise<number | undefined> {
  const Key = { subject: revocationKeys.deployment(0) };
  const { Item } = await client.send(new GetCommand({ TableName: tables.revocations, Key, ConsistentRead: true }));
  return Item && epochOf(Item).longestLifeSeconds;
}

async function readLease(client: DynamoDBDocumentClient, tables: Tables, window: string) {
  const found = await client.send(
    new GetCommand({ TableName: tables.sessions, Key: leaseRow(window), ConsistentRead: true }),
  );
  return found.Item && leaseOf(found.Item);
}
