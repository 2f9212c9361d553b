import { randomInt } from "node:crypto";
import {
  BatchGetCommand,
  type DynamoDBDocumentClient,
  QueryCommand,
  type QueryCommandOutput,
} from "@aws-sdk/lib-dynamodb";
import { limits } from "../../../../core/model/limits.ts";
import { type Registration, registrationKinds } from "../../../../core/model/registry.ts";
import { revocationKeys } from "../../../../core/model/row-keys.ts";
import { createSnapshot, type RegistrySnapshot, type RegistrySource } from "../../../../core/model/snapshot.ts";
import { type Tables, words } from "../dynamo.ts";
import { epochOf } from "../revocations/epoch-rows.ts";
import { registrationOf, registryKind } from "./registration-rows.ts";

/** Versions an instance holds: the current one, and the one that replaces it. */
const heldVersions = 2;

/**
 * Creates the source of registry snapshots. A version is immutable, so it is cached without a time limit. The
 * deployment's row, part of every liveness read, decides which version is current, never a clock: a sandbox that was
 * frozen for an hour must not use an old registry (threat 22).
 */
export function createRegistrySource(
  client: DynamoDBDocumentClient,
  tables: Tables,
  trustDomain: string,
): RegistrySource {
  const held = new Map<number, Promise<RegistrySnapshot>>();
  const at = (version: number): Promise<RegistrySnapshot> => {
    const known = held.get(version);
    if (known) return known;
    const loading = load(client, tables, { trustDomain, version });
    held.set(version, loading);
    const [oldest] = held.keys();
    if (held.size > heldVersions && oldest !== undefined) held.delete(oldest);
    // a failed load is not kept, so that the next request tries again
    loading.catch(() => held.get(version) === loading && held.delete(version));
    return loading;
  };
  return {
    at,
    async current() {
      const newest = [...held.keys()].pop();
      if (newest !== undefined) return at(newest);
      const version = await appliedVersion(client, tables);
      return version === undefined ? undefined : at(version);
    },
  };
}

async function appliedVersion(client: DynamoDBDocumentClient, tables: Tables): Promise<number | undefined> {
  const subject = revocationKeys.deployment(randomInt(limits.deploymentCopies));
  // a batch of one key, since roles that read liveness may read Revocations only by BatchGetItem
  const found = await client.send(
    new BatchGetCommand({ RequestItems: { [tables.revocations]: { Keys: [{ subject }], ConsistentRead: true } } }),
  );
  const rows = found.Responses?.[tables.revocations];
  if (!rows || Object.keys(found.UnprocessedKeys ?? {}).length > 0)
    throw new Error("the deployment's row stayed unread", { cause: { $metadata: found.$metadata } });
  return rows[0] && epochOf(rows[0]).registryVersion;
}

async function load(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { trustDomain, version }: { readonly trustDomain: string; readonly version: number },
) {
  const rows = await Promise.all(registrationKinds.map((kind) => rowsOfKind(client, tables, { version, kind })));
  return createSnapshot(version, trustDomain, rows.flat());
}

/** Registrations of one kind of one version, strongly consistent. */
export async function rowsOfKind(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { version, kind }: { readonly version: number; readonly kind: Registration["kind"] },
): Promise<readonly Registration[]> {
  const rows: Registration[] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const page: QueryCommandOutput = await client.send(
      new QueryCommand({
        TableName: tables.registry,
        KeyConditionExpression: "#kind = :kind",
        ...words(["kind"], { kind: registryKind(version, kind) }),
        ConsistentRead: true,
        ...(from ? { ExclusiveStartKey: from } : {}),
      }),
    );
    for (const item of page.Items ?? []) rows.push(registrationOf(item));
    from = page.LastEvaluatedKey;
  } while (from);
  return rows;
}
