import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { type DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { ApprovalRequests, AskConflict, Asked, Asking } from "../../../../core/approvals/store.ts";
import type { PendingApproval } from "../../../../core/model/approval.ts";
import { limits } from "../../../../core/model/limits.ts";
import { type Clock, nowSeconds } from "../../../../core/model/ports.ts";
import { err, type Result } from "../../../../core/model/result.ts";
import { counterKeys } from "../../../../core/model/row-keys.ts";
import type { Item } from "../codec.ts";
import { type Action, type Tables, transact, words } from "../dynamo.ts";
import { outboxPut } from "../outbox.ts";
import { personKeyPut } from "../people/person-keys.ts";
import { replayPuts } from "../replay-put.ts";
import { readAll } from "../sessions/liveness-batch.ts";
import { createApprovalReads, queryAll } from "./approval-reads.ts";
import { refusedAtOf, refusedKey, requestPartition } from "./decision-rows.ts";
import { approvalKeys, namingItem, namingOf, pendingItem } from "./pending-rows.ts";

/** The approvals of the token endpoint. */
export const createApprovalRequests = (
  client: DynamoDBDocumentClient,
  tables: Tables,
  clock: Clock,
): ApprovalRequests => ({
  ...createApprovalReads(client, tables),
  asked: (request) => asked(client, tables, request),
  ask: (asking) => ask(client, tables, { asking, now: nowSeconds(clock) }),
  poll: (id, now) => poll(client, tables, { id, now }),
});

async function asked(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { requestHash, jkt }: Pick<PendingApproval, "requestHash" | "jkt">,
): Promise<Asked> {
  const { approvals, decisions } = tables;
  const rows = await readAll(client, [
    { table: approvals, key: approvalKeys.newest(requestHash, jkt) },
    { table: decisions, key: { approval: requestPartition(requestHash), approver: refusedKey } },
  ]);
  if (!rows) throw new Error("tables Approvals and Decisions could not be read");
  const newest = rows.find(({ table }) => table === approvals)?.item;
  const refused = rows.find(({ table }) => table === decisions)?.item;
  return {
    ...(newest ? { id: namingOf(newest).id } : {}),
    ...(refused ? { refusedAtSeconds: refusedAtOf(refused) } : {}),
  };
}

/** A free place among the few, and what stands in it now. */
interface Slot {
  readonly key: { readonly key: string; readonly item: string };
  readonly was?: string;
}

/** How often places are looked for again, after another request took the one that was free. */
const tries = 4;

type Lost = AskConflict | { readonly kind: "slot_taken" };

async function ask(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { asking, now }: { readonly asking: Asking; readonly now: number },
): Promise<Result<void, AskConflict>> {
  const { agent, principal } = asking.pending;
  for (let attempt = 0; ; attempt++) {
    const [ofAgent, ofPrincipal] = await Promise.all([
      freeSlot(client, tables, { of: "agent", name: agent, most: limits.approvalsPendingAgent, now }),
      freeSlot(client, tables, { of: "principal", name: principal.id, most: limits.approvalsPendingPrincipal, now }),
    ]);
    if (!ofAgent) return err({ kind: "full", of: "agent", name: agent });
    if (!ofPrincipal) return err({ kind: "full", of: "principal", name: principal.id });
    const stored = await transact<Lost>(client, actionsOf(asking, [ofAgent, ofPrincipal], tables));
    if (stored.ok) return stored;
    const { error } = stored;
    if (error.kind !== "slot_taken") return err(error);
    if (attempt + 1 >= tries) return err({ kind: "full", of: "agent", name: agent });
  }
}

function actionsOf(asking: Asking, slots: readonly Slot[], tables: Tables): readonly Action<Lost>[] {
  const { pending, replaces } = asking;
  const put = (item: Item, was?: string) => ({
    Put: {
      TableName: tables.approvals,
      Item: { ...item },
      ...(was === undefined
        ? { ConditionExpression: "attribute_not_exists(#key)", ...words(["key"]) }
        : { ConditionExpression: "#id = :was", ...words(["id"], { was }) }),
    },
  });
  const newest = namingItem(approvalKeys.newest(pending.requestHash, pending.jkt), pending);
  return [
    ...(replayPuts(tables, asking.replayEntries) as readonly Action<Lost>[]),
    { conflict: { kind: "asked_meanwhile" }, item: put(newest, replaces) },
    ...slots.map(({ key, was }) => ({
      conflict: { kind: "slot_taken" } as const,
      item: put(namingItem(key, pending), was),
    })),
    { item: put(pendingItem(pending)) },
    { item: put(namingItem(approvalKeys.waiting(pending.group, pending.id), pending)) },
    ...(asking.personKey ? [personKeyPut(asking.personKey, tables) as Action<Lost>] : []),
    { item: { Put: outboxPut(tables, asking.record) } },
  ];
}

/**
 * Looks for a free place: one that was never taken, or whose approval has ended, was used or was refused. What is
 * written into it is conditional on what was read, so no number of requests at one moment takes more places than there
 * are.
 */
async function freeSlot(
  client: DynamoDBDocumentClient,
  tables: Tables,
  of: { readonly of: "agent" | "principal"; readonly name: string; readonly most: number; readonly now: number },
): Promise<Slot | undefined> {
  const keys = Array.from({ length: of.most }, (_, n) => approvalKeys.slot(of.of, of.name, n));
  const items = await queryAll(client, { table: tables.approvals, attribute: "key", value: keys[0]?.key ?? "" });
  const taken = new Map(items.map(namingOf).map((one) => [one.item, one]));
  const never = keys.find(({ item }) => !taken.has(item));
  if (never) return { key: never };
  const ended = keys.find(({ item }) => (taken.get(item)?.expiresAtSeconds ?? 0) <= of.now);
  if (ended) return { key: ended, was: taken.get(ended.item)?.id ?? "" };
  const over = await settled(
    client,
    tables,
    [...taken.values()].map(({ id }) => id),
  );
  const free = keys.find(({ item }) => over.has(taken.get(item)?.id ?? ""));
  return free && { key: free, was: taken.get(free.item)?.id ?? "" };
}

/** Which of these approvals were used or refused. */
async function settled(
  client: DynamoDBDocumentClient,
  tables: Tables,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const keys = ids.flatMap((id) => [
    { table: tables.approvals, key: { ...approvalKeys.used(id) } },
    { table: tables.decisions, key: { approval: id, approver: refusedKey } },
  ]);
  const rows = await readAll(client, keys);
  if (!rows) throw new Error("tables Approvals and Decisions could not be read");
  return new Set(rows.map(({ table, item }) => String(table === tables.decisions ? item.approval : item.id)));
}

async function poll(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { id, now }: { readonly id: string; readonly now: number },
): Promise<boolean> {
  const expiresAt = now + limits.approvalLifeSeconds;
  const update = new UpdateCommand({
    TableName: tables.counters,
    Key: { key: counterKeys.poll(id) },
    UpdateExpression: "SET #polledAt = :now, #expiresAt = :expiresAt",
    ConditionExpression: "attribute_not_exists(#polledAt) OR #polledAt <= :before",
    ...words(["polledAt", "expiresAt"], { now, expiresAt, before: now - limits.approvalIntervalSeconds }),
  });
  try {
    await client.send(update);
    return true;
  } catch (failure) {
    if (failure instanceof ConditionalCheckFailedException) return false;
    throw failure;
  }
}
