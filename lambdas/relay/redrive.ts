import { BatchGetCommand, type DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { carryAll, type RelayDeps } from "../../core/endpoints/relay.ts";
import type { AttributeValue } from "../aws/dynamodb/stream-image.ts";
import { read } from "./stream-record.ts";

/** An operator's order to carry records again, by their ids alone. */
export interface Redrive {
  readonly redrive: readonly string[];
  /** Tells what would be carried, and carries nothing. */
  readonly dryRun?: boolean;
}

/** What became of an order. */
interface Redriven {
  /** On the bus and noted; of a dry run: what would be. */
  readonly carried: readonly string[];
  /** Not taken now: to be ordered again. */
  readonly left: readonly string[];
  /** Malformed, and so in the queue of refused records; of a dry run: what would be. */
  readonly refused: readonly string[];
  /** The Outbox has no such record: nobody recorded it, or it expired. */
  readonly unknown: readonly string[];
}

/** Records of one order: as many as DynamoDB reads at once. */
const most = 100;

/**
 * Carries records of the Outbox again. The order names ids and nothing else: the record is read from the Outbox, so
 * that whoever may give orders can put nothing on the bus that was not recorded (threat 23). A record that comes twice
 * is one by its id.
 * @throws on an order of more than a hundred, and when DynamoDB leaves something unread
 */
export async function redrive(
  order: Redrive,
  { client, table }: { readonly client: DynamoDBDocumentClient; readonly table: string },
  carriers: RelayDeps,
): Promise<Redriven> {
  const ids = [...new Set(order.redrive)];
  if (ids.length === 0 || ids.length > most || ids.some((id) => typeof id !== "string" || id === ""))
    throw new Error("an order names 1 to 100 events by their ids");
  const answer = await client.send(
    new BatchGetCommand({
      RequestItems: { [table]: { Keys: ids.map((eventId) => ({ eventId })), ConsistentRead: true } },
    }),
  );
  if (Object.keys(answer.UnprocessedKeys ?? {}).length > 0) throw new Error("records stayed unread: order them again");
  const found = (answer.Responses?.[table] ?? []).map((row) =>
    read({ eventName: "INSERT", dynamodb: { SequenceNumber: String(row.eventId), NewImage: imageOf(row) } }),
  );
  const known = new Set(found.map(({ eventId }) => eventId));
  const bad = new Set(found.flatMap((one) => ("why" in one ? [one.eventId] : [])));
  const notebook: RelayDeps["notebook"] = {
    note: (record) => carriers.notebook.note({ ...record, isRedriven: true }),
  };
  const left = new Set(order.dryRun ? [] : await carryAll(found, { ...carriers, notebook }));
  return {
    carried: ids.filter((id) => known.has(id) && !bad.has(id) && !left.has(id)),
    left: ids.filter((id) => left.has(id)),
    refused: ids.filter((id) => bad.has(id) && !left.has(id)),
    unknown: ids.filter((id) => !known.has(id)),
  };
}

/** A row as the stream would have it. */
const imageOf = (row: Readonly<Record<string, unknown>>): Readonly<Record<string, AttributeValue>> =>
  Object.fromEntries(
    Object.entries(row).flatMap(([name, value]): [string, AttributeValue][] => {
      if (typeof value === "string") return [[name, { S: value }]];
      if (typeof value === "number") return [[name, { N: String(value) }]];
      return value instanceof Uint8Array ? [[name, { B: Buffer.from(value).toString("base64") }]] : [];
    }),
  );
