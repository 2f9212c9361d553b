import { type DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { listKeys } from "../../../../core/model/row-keys.ts";
import type { StopStore } from "../../../../core/stop/note.ts";
import { emptyStops, type Stop, type StopLedger } from "../../../../core/stop/stops.ts";
import { anyText, byKind, type Item, json, list, members, oneOf, optional, row, text, whole } from "../codec.ts";
import { words } from "../dynamo.ts";
import { unlessRefused } from "./unless-refused.ts";

interface LedgerRow extends StopLedger {
  readonly list: string;
}

/** What is stopped by a name alone; the deployment's is empty. */
const named = { id: anyText, beforeSeconds: whole, untilSeconds: whole };
const stop = byKind<Stop>({
  listed: members<Extract<Stop, { kind: "listed" }>>({
    kind: oneOf("listed"),
    account: text,
    root: text,
    sid: optional(text),
    agents: optional(list(text)),
    atSeconds: whole,
    untilSeconds: whole,
  }),
  agent: members<Extract<Stop, { kind: "agent" }>>({ kind: oneOf("agent"), ...named }),
  principal: members<Extract<Stop, { kind: "principal" }>>({ kind: oneOf("principal"), ...named }),
  deployment: members<Extract<Stop, { kind: "deployment" }>>({ kind: oneOf("deployment"), ...named }),
});
const ledgerRow = row(
  { table: "lists", key: ["list"] },
  members<LedgerRow>({ list: text, version: whole, stops: json(list(stop)), overflowUntilSeconds: optional(whole) }),
);

/** The row of a ledger. */
export const stopsItem = ({ stops, ...ledger }: StopLedger) => ({
  list: listKeys.stops,
  ...ledger,
  stops: JSON.stringify(stops),
});

/**
 * The ledger in a row.
 * @throws {@link BrokenRow}
 */
export function stopsOf(item: Item): StopLedger {
  const { list: _, ...ledger } = ledgerRow(item);
  return ledger;
}

/** Reads the ledger of stops, strongly consistent. */
export async function readStops(client: DynamoDBDocumentClient, table: string): Promise<StopLedger> {
  const Key = { list: listKeys.stops };
  const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
  return Item ? stopsOf(Item) : emptyStops;
}

/** The ledger of stops: one row of table Lists, which only the publisher writes. */
export const createStopRows = (
  client: DynamoDBDocumentClient,
  table: string,
): Pick<StopStore, "stops" | "putStops"> => ({
  stops: () => readStops(client, table),
  putStops: (ledger) =>
    unlessRefused(
      client.send(
        new PutCommand({
          TableName: table,
          Item: stopsItem(ledger),
          ...(ledger.version === 1
            ? { ConditionExpression: "attribute_not_exists(#version)", ...words(["version"]) }
            : { ConditionExpression: "#version = :was", ...words(["version"], { was: ledger.version - 1 }) }),
        }),
      ),
    ),
});
