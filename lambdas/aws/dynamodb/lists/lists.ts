import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { type Clock, nowSeconds } from "../../../../core/model/ports.ts";
import { listKeys } from "../../../../core/model/row-keys.ts";
import { parseList, windowEndsAtSeconds } from "../../../../core/status/windows.ts";
import type { Tables } from "../dynamo.ts";
import { signedCutsOf } from "./cut-rows.ts";
import { openOf, signedOf } from "./signed-rows.ts";

/**
 * Tells whether a list can be fetched and would be accepted now: it is signed and has not expired. Only the publisher
 * signs (threat 3), so a function must check this before its tokens name a list.
 */
export function createSignedLists(client: DynamoDBDocumentClient, tables: Tables, clock: Clock) {
  return async (list: string): Promise<boolean> => {
    const { Item } = await client.send(
      new GetCommand({ TableName: tables.lists, Key: { list: listKeys.signedList(list) }, ConsistentRead: true }),
    );
    return Item !== undefined && signedOf(Item).untilSeconds > nowSeconds(clock);
  };
}

/** Reads stored status lists as they were signed; discovery cannot sign (threat 3). */
export function createListReader(client: DynamoDBDocumentClient, listsTable: string, clock: Clock) {
  const item = async (list: string) => {
    const found = await client.send(new GetCommand({ TableName: listsTable, Key: { list }, ConsistentRead: true }));
    return found.Item;
  };
  /** A list is over with its hour: nobody signs it any more, and its row is deleted days later. */
  const isOver = (list: string): boolean => {
    const window = parseList(list)?.window;
    return window === undefined || windowEndsAtSeconds(window) <= nowSeconds(clock);
  };
  return {
    async read(list: string): Promise<string | undefined> {
      if (isOver(list)) return undefined;
      const signed = await item(listKeys.signedList(list));
      return signed && signedOf(signed).token;
    },
    async cuts(): Promise<string | undefined> {
      const signed = await item(listKeys.signedCuts);
      return signed && signedCutsOf(signed).token;
    },
    async open(): Promise<readonly string[]> {
      const open = await item(listKeys.openLists);
      return open ? openOf(open).filter((list) => !isOver(list)) : [];
    },
  };
}
