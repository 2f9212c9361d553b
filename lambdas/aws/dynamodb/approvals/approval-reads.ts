import { type DynamoDBDocumentClient, GetCommand, QueryCommand, type QueryCommandOutput } from "@aws-sdk/lib-dynamodb";
import type { ApprovalReads } from "../../../../core/approvals/store.ts";
import type { ApprovalStanding, PendingApproval } from "../../../../core/model/approval.ts";
import type { Item } from "../codec.ts";
import { type Tables, words } from "../dynamo.ts";
import { readAll } from "../sessions/liveness-batch.ts";
import { decisionOf } from "./decision-rows.ts";
import { approvalKeys, namingOf, pendingOf } from "./pending-rows.ts";

type ApprovalTables = Pick<Tables, "approvals" | "decisions">;

/** Approvals and what people said of them, strongly consistent. */
export const createApprovalReads = (client: DynamoDBDocumentClient, tables: ApprovalTables): ApprovalReads => ({
  async pending(id) {
    const item = await getApproval(client, tables, approvalKeys.pending(id));
    return item && pendingOf(item);
  },
  standing: ({ id }) => standingOf(client, tables, id),
  waiting: (group, nowSeconds, most) => waitingFor(client, tables, { group, nowSeconds, most }),
});

/** One row of table Approvals. */
async function getApproval(
  client: DynamoDBDocumentClient,
  tables: ApprovalTables,
  key: { readonly key: string; readonly item: string },
): Promise<Item | undefined> {
  const answer = await client.send(new GetCommand({ TableName: tables.approvals, Key: key, ConsistentRead: true }));
  return answer.Item;
}

async function standingOf(
  client: DynamoDBDocumentClient,
  tables: ApprovalTables,
  id: string,
): Promise<ApprovalStanding> {
  const [items, used] = await Promise.all([
    queryAll(client, { table: tables.decisions, attribute: "approval", value: id }),
    getApproval(client, tables, approvalKeys.used(id)),
  ]);
  const decisions = items.map(decisionOf);
  return { decisions, refused: decisions.some(({ verdict }) => verdict === "refused"), used: used !== undefined };
}

/** Every row of one partition, strongly consistent. */
export async function queryAll(
  client: DynamoDBDocumentClient,
  at: { readonly table: string; readonly attribute: string; readonly value: string },
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const page: QueryCommandOutput = await client.send(
      new QueryCommand({
        TableName: at.table,
        KeyConditionExpression: `#${at.attribute} = :value`,
        ...words([at.attribute], { value: at.value }),
        ConsistentRead: true,
        ...(from ? { ExclusiveStartKey: from } : {}),
      }),
    );
    items.push(...(page.Items ?? []));
    from = page.LastEvaluatedKey;
  } while (from);
  return items;
}

/**
 * Reads the list of a group, and then the approvals it names. Rows of the list that have ended are deleted days late,
 * and are as many as the agents' bounds allow.
 */
async function waitingFor(
  client: DynamoDBDocumentClient,
  tables: ApprovalTables,
  { group, nowSeconds, most }: { readonly group: string; readonly nowSeconds: number; readonly most: number },
): Promise<readonly PendingApproval[]> {
  const { key } = approvalKeys.waiting(group, "");
  const named = (await queryAll(client, { table: tables.approvals, attribute: "key", value: key })).map(namingOf);
  const live = named
    .filter(({ expiresAtSeconds }) => expiresAtSeconds > nowSeconds)
    .sort((one, other) => one.expiresAtSeconds - other.expiresAtSeconds);
  const found: PendingApproval[] = [];
  for (let at = 0; at < Math.min(live.length, most); at += 100) {
    const keys = live.slice(at, Math.min(at + 100, most)).map(({ id }) => approvalKeys.pending(id));
    const rows = await readAll(
      client,
      keys.map((row) => ({ table: tables.approvals, key: row })),
    );
    if (!rows) throw new Error("table Approvals could not be read");
    found.push(...rows.map(({ item }) => pendingOf(item)));
  }
  return found.sort((one, other) => one.createdAtSeconds - other.createdAtSeconds);
}
