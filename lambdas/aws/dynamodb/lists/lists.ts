import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { type Clock, nowSeconds } from "../../../../core/model/ports.ts";
import { listKeys } from "../../../../core/model/row-keys.ts";
import { parseList, windowEndsAtSeconds } from "../../../../core/status/windows.ts";
import type { Tables } from "../dynamo.ts";
import { signedCutsOf } from "./cut-rows.ts";
import { openOf, signedOf } from "./signed-rows.ts";

/**
 * Tells whether a list can be fetched and is believed now: signed, and its `exp` still to come. Only the publisher signs
 * (threat 3), so whoever wants to name a list has to look.
 */
export function createSignedLists(client: DynamoDBDocumentClient, tables: Tables, clock: Clock) {
  return async (list: string): Promise<boolean> => {
    const { Item } = await client.send(
      new GetCommand({ TableName: tables.lists, Key: { list: listKeys.signedList(list) }, ConsistentRead: true }),
    );
    return Item !== undefined && signedOf(Item).untilSeconds > nowSeconds(clock);
  };
}

/** Reads stored status lists as they were signed; discovery can sign nothing (threat 3). */
export function createListReader(client: DynamoDBDocumentClient, listsTable: string, clock: Clock) {
  const item = async (list: string) => {
    const found = await client.send(new GetCommand({ TableName: listsTable, Key: { list }, ConsistentRead: true }));
    return found.Item;
  };
  /** A list dies with its hour: TTL takes its row away days later, and nobody signs it any more. */
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
