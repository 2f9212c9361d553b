import { type DynamoDBDocumentClient, GetCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import type { RevocationTargets } from "../../../../core/admin/revoke/target.ts";
import { ownerId } from "../../../../core/model/owner.ts";
import { revocationKeys, tombstoneKeys } from "../../../../core/model/row-keys.ts";
import { type Tables, words } from "../dynamo.ts";
import { rowsOfKind } from "../registry/registry-source.ts";
import { shardsOf } from "../subjects/subject-rows.ts";
import { epochOf } from "./epoch-rows.ts";

/** Checks in the tables whether the target of an operator's order exists. */
export function createRevocationTargets(
  client: DynamoDBDocumentClient,
  tables: Tables,
  trustDomain: string,
): RevocationTargets {
  const row = async (TableName: string, Key: Record<string, string>) =>
    (await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item;
  const registered = async () => {
    const deployment = await row(tables.revocations, { subject: revocationKeys.deployment(0) });
    const version = deployment && epochOf(deployment).registryVersion;
    return version === undefined ? [] : rowsOfKind(client, tables, { version, kind: "agent" });
  };
  return {
    agents: async () => (await registered()).map(({ name }) => `spiffe://${trustDomain}/agent/${name}`),
    owners: async () => (await registered()).flatMap((row) => (row.kind === "agent" ? (ownerId(row.owner) ?? []) : [])),
    async hasSessions(subject) {
      const found = await Promise.all(shardsOf(subject).map((shard) => holdsAny(client, tables, shard)));
      return found.includes(true);
    },
    wasRevoked: async (subject) =>
      (await row(tables.revocations, { subject: revocationKeys.epoch(subject) })) !== undefined,
    async standing(subject) {
      const Item = await row(tables.revocations, { subject: revocationKeys.epoch(subject) });
      const { blocked = false, quarantined = false, automatic = 0, reported = 0 } = Item ? epochOf(Item) : {};
      return { blocked, quarantined, automatic, reported };
    },
    hasTombstone: async (sid) => (await row(tables.tombstones, { session: tombstoneKeys.session(sid) })) !== undefined,
  };
}

async function holdsAny(client: DynamoDBDocumentClient, tables: Tables, shard: string): Promise<boolean> {
  const found = await client.send(
    new QueryCommand({
      TableName: tables.subjects,
      KeyConditionExpression: "#subject = :shard",
      ...words(["subject"], { shard }),
      ConsistentRead: true,
      Limit: 1,
    }),
  );
  return (found.Items ?? []).length > 0;
}
