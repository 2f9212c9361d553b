import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import type {
  AskChangeConflict,
  AskingOfChange,
  ShownToolChanges,
  ToolChangeReads,
  ToolChangeRequests,
} from "../../../../core/approvals/tool-changes/store.ts";
import { type Clock, nowSeconds } from "../../../../core/model/ports.ts";
import type { ToolChange } from "../../../../core/model/tool-change.ts";
import type { Item } from "../codec.ts";
import { type Action, type Tables, transact, words } from "../dynamo.ts";
import { outboxPut } from "../outbox.ts";
import { replayPuts } from "../replay-put.ts";
import { readAll } from "../sessions/liveness-batch.ts";
import { queryAll } from "./approval-reads.ts";
import { decisionOf } from "./decision-rows.ts";
import { changeItem, changeKeys, changeOfRow, placeItem, placeOf } from "./tool-change-rows.ts";

type ChangeTables = Pick<Tables, "changes" | "decisions">;

/** Served tools that wait for people, and what people said of them. */
export const createToolChangeReads = (client: DynamoDBDocumentClient, tables: ChangeTables): ToolChangeReads => ({
  async places(server) {
    const { key } = changeKeys.place(server, 0);
    const items = await queryAll(client, { table: tables.changes, attribute: "key", value: key });
    return new Map(items.map(placeOf).map(({ at, place }) => [Number(at.slice("place#".length)), place]));
  },
  async decisions(id) {
    return (await queryAll(client, { table: tables.decisions, attribute: "approval", value: id })).map(decisionOf);
  },
});

/** As people see them. */
export const createShownToolChanges = (client: DynamoDBDocumentClient, tables: ChangeTables): ShownToolChanges => ({
  ...createToolChangeReads(client, tables),
  async change(id) {
    const at = { TableName: tables.changes, Key: changeKeys.change(id), ConsistentRead: true };
    const { Item: item } = await client.send(new GetCommand(at));
    return item && changeOfRow(item);
  },
  waiting: (group, now, most) => waitingFor(client, tables, { group, now, most }),
});

/** The served tools of the decision point. */
export const createToolChanges = (
  client: DynamoDBDocumentClient,
  tables: Tables,
  clock: Clock,
): ToolChangeRequests => ({
  ...createToolChangeReads(client, tables),
  ask: (asking) => transact<AskChangeConflict>(client, actionsOf(asking, tables, nowSeconds(clock))),
});

/** Reads the list of a group, and then what it names; rows that have ended are deleted days late. */
async function waitingFor(
  client: DynamoDBDocumentClient,
  tables: ChangeTables,
  { group, now, most }: { readonly group: string; readonly now: number; readonly most: number },
): Promise<readonly ToolChange[]> {
  const { key } = changeKeys.waiting(group, "");
  const named = (await queryAll(client, { table: tables.changes, attribute: "key", value: key })).map(placeOf);
  const live = named
    .map(({ place }) => place)
    .filter(({ expiresAtSeconds }) => expiresAtSeconds > now)
    .sort((one, other) => one.createdAtSeconds - other.createdAtSeconds)
    .slice(0, most);
  // a batch of nothing is refused
  if (live.length === 0) return [];
  const rows = await readAll(
    client,
    live.map(({ id }) => ({ table: tables.changes, key: { ...changeKeys.change(id) } })),
  );
  if (!rows) throw new Error("table Changes could not be read");
  const found = new Map(rows.map(({ item }) => changeOfRow(item)).map((one) => [one.id, one]));
  return live.flatMap(({ id }) => found.get(id) ?? []);
}

/**
 * All or nothing. The newest of exactly this change is put where there is none that lives, so that of ten thousand at
 * one moment one waits; and its place is conditional on what was read in it, so that there are never more than places.
 */
function actionsOf(
  { change, place, replayEntries, record }: AskingOfChange,
  tables: Tables,
  now: number,
): readonly Action<AskChangeConflict>[] {
  const meanwhile = { kind: "meanwhile" } as const;
  const put = (item: Item, condition: object = {}) => ({
    Put: { TableName: tables.changes, Item: { ...item }, ...condition },
  });
  const none = { ConditionExpression: "attribute_not_exists(#key)", ...words(["key"]) };
  const ended = {
    ConditionExpression: "attribute_not_exists(#key) OR #expiresAtSeconds <= :now",
    ...words(["key", "expiresAtSeconds"], { now }),
  };
  const { number, was } = place;
  const unchanged = was === undefined ? none : { ConditionExpression: "#id = :was", ...words(["id"], { was }) };
  return [
    ...(replayPuts(tables, replayEntries) as readonly Action<AskChangeConflict>[]),
    { conflict: meanwhile, item: put(placeItem(changeKeys.newest(change.requestHash), change), ended) },
    { conflict: meanwhile, item: put(placeItem(changeKeys.place(change.server, number), change), unchanged) },
    { item: put(changeItem(change)) },
    { item: put(placeItem(changeKeys.waiting(change.group, change.id), change)) },
    { item: { Put: outboxPut(tables, record) } },
  ];
}
