import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { listKeys } from "../../../../core/model/row-keys.ts";
import type { PublishStore, SignedList } from "../../../../core/status/publish-store.ts";
import { parseList, windowEndsAtSeconds } from "../../../../core/status/windows.ts";
import { members, optional, row, text, whole, wholes } from "../codec.ts";
import { words } from "../dynamo.ts";
import { openItem, signedItem } from "./signed-rows.ts";
import { unlessRefused } from "./unless-refused.ts";

/** Most indices in one update: each takes a few bytes, and an item holds 400 KB. */
const indicesAtOnce = 2_000;

/** The row of a list's bits, made by updates of its bits, its floor or both. */
interface BitsRow {
  readonly list: string;
  readonly bits?: ReadonlySet<number>;
  readonly floor?: number;
  readonly expiresAt: number;
}

const bitsRow = row(
  { table: "lists", key: ["list"] },
  members<BitsRow>({ list: text, bits: optional(wholes), floor: optional(whole), expiresAt: whole }),
);

/** Revoked bits and signed lists: rows of table Lists that only the publisher writes. */
export function createListRows(
  client: DynamoDBDocumentClient,
  table: string,
): Pick<PublishStore, "revoke" | "revokeBelow" | "revoked" | "putSigned" | "putOpen"> {
  return {
    revoke: (list, indices) => addBits(client, table, { list, indices }),
    revokeBelow: (list, count) => raiseFloor(client, table, { list, count }),
    revoked: (list) => readBits(client, table, list),
    putSigned: (list, signed) => putSigned(client, table, { list, signed }),
    async putOpen(lists) {
      await client.send(new PutCommand({ TableName: table, Item: openItem(lists) }));
    },
  };
}

async function addBits(
  client: DynamoDBDocumentClient,
  table: string,
  { list, indices }: { readonly list: string; readonly indices: readonly number[] },
) {
  for (let from = 0; from < indices.length; from += indicesAtOnce) {
    const some = new Set(indices.slice(from, from + indicesAtOnce));
    await client.send(
      new UpdateCommand({
        TableName: table,
        Key: { list: listKeys.statusBits(list) },
        UpdateExpression: "ADD #bits :some SET #expiresAt = :expiresAt",
        ...words(["bits", "expiresAt"], { some, expiresAt: rowExpiry(list) }),
      }),
    );
  }
}

/** Stores a floor below which every index is revoked. A set of 65,536 numbers would not fit into one item. */
async function raiseFloor(
  client: DynamoDBDocumentClient,
  table: string,
  { list, count }: { readonly list: string; readonly count: number },
) {
  await unlessRefused(
    client.send(
      new UpdateCommand({
        TableName: table,
        Key: { list: listKeys.statusBits(list) },
        UpdateExpression: "SET #floor = :count, #expiresAt = :expiresAt",
        ConditionExpression: "attribute_not_exists(#floor) OR #floor < :count",
        ...words(["floor", "expiresAt"], { count, expiresAt: rowExpiry(list) }),
      }),
    ),
  );
}

async function readBits(client: DynamoDBDocumentClient, table: string, list: string): Promise<ReadonlySet<number>> {
  const key = { list: listKeys.statusBits(list) };
  const { Item } = await client.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }));
  if (!Item) return new Set();
  const { floor = 0, bits = new Set() } = bitsRow(Item);
  return new Set([...Array.from({ length: floor }, (_, idx) => idx), ...bits]);
}

async function putSigned(
  client: DynamoDBDocumentClient,
  table: string,
  { list, signed }: { readonly list: string; readonly signed: SignedList },
) {
  await unlessRefused(
    client.send(
      new PutCommand({
        TableName: table,
        Item: signedItem(list, signed, rowExpiry(list)),
        // bits are only ever set, so the list with more of them is newer
        ConditionExpression: "attribute_not_exists(#list) OR #revoked <= :count",
        ...words(["list", "revoked"], { count: signed.revokedCount }),
      }),
    ),
  );
}

function rowExpiry(list: string): number {
  const parsed = parseList(list);
  if (!parsed) throw new Error(`not a status list of ours: ${list.slice(0, 40)}`);
  return windowEndsAtSeconds(parsed.window) + 86_400;
}
