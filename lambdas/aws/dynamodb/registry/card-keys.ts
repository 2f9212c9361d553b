import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import type { AgentKey } from "../../../../core/model/agent-registration.ts";
import { type Clock, nowSeconds } from "../../../../core/model/ports.ts";
import { type CardKeys, cardKeysRow } from "../../../../core/registry/published.ts";
import { type Item, json, list, mapOf, members, row, text } from "../codec.ts";
import { agentKey } from "./registration-rows.ts";

const published = row(
  { table: "registry", key: ["kind", "name"] },
  members({ kind: text, name: text, keys: json(mapOf(list(agentKey))) }),
);

/** The row of table Registry with the keys of agents that sign cards. */
export const cardKeysItem = (keys: CardKeys) => ({ ...cardKeysRow, keys: JSON.stringify(keys) });

/**
 * The keys in a row of {@link cardKeysItem}.
 * @throws {@link BrokenRow}
 */
export const cardKeysOf = (item: Item): CardKeys => published(item).keys;

/** How long the row is used before it is read again: strangers may ask for as many agents as they like. */
const ageSeconds = 30;

/**
 * Reads the keys of one agent that signs cards in the present registry; undefined for any other. The row is written in
 * the transaction that makes a version current.
 */
export function createCardKeys(
  client: DynamoDBDocumentClient,
  registryTable: string,
  clock: Clock,
): (agent: string) => Promise<readonly AgentKey[] | undefined> {
  let held: { readonly keys: CardKeys; readonly atSeconds: number } | undefined;
  return async (agent) => {
    const now = nowSeconds(clock);
    if (!held || now - held.atSeconds >= ageSeconds) {
      const { Item } = await client.send(new GetCommand({ TableName: registryTable, Key: cardKeysRow }));
      held = { keys: Item ? cardKeysOf(Item) : {}, atSeconds: now };
    }
    return Object.hasOwn(held.keys, agent) ? held.keys[agent] : undefined;
  };
}
