import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandOutput } from "@aws-sdk/lib-dynamodb";
import { limits } from "../../../../core/model/limits.ts";
import type { Vend } from "../../../../core/model/session.ts";
import { type Tables, words } from "../dynamo.ts";
import { livePartition, outlivingOf, vendKey, vendOf } from "./vend-rows.ts";

/**
 * What the sessions of a tree, or one of them, were given at AWS; strongly consistent, in the order of sessions.
 * @param most answered at most; all of them unless it is given
 */
export async function readVends(
  client: DynamoDBDocumentClient,
  tables: Pick<Tables, "vends">,
  of: { readonly root: string; readonly sid?: string; readonly most?: number },
): Promise<readonly Vend[]> {
  const { root, sid, most = Number.POSITIVE_INFINITY } = of;
  const vends: Vend[] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const page: QueryCommandOutput = await client.send(
      new QueryCommand({
        TableName: tables.vends,
        ...(sid === undefined
          ? { KeyConditionExpression: "#root = :root", ...words(["root"], { root }) }
          : {
              KeyConditionExpression: "#root = :root AND begins_with(#vend, :own)",
              ...words(["root", "vend"], { root, own: vendKey({ sid, role: "" }) }),
            }),
        ConsistentRead: true,
        ...(Number.isFinite(most) ? { Limit: most - vends.length } : {}),
        ...(from ? { ExclusiveStartKey: from } : {}),
      }),
    );
    for (const item of page.Items ?? []) vends.push(vendOf(item));
    from = page.LastEvaluatedKey;
  } while (from && vends.length < most);
  return vends;
}

/** The credentials that live now and may outlive their sessions, of every tree; strongly consistent. */
export async function readOutliving(
  client: DynamoDBDocumentClient,
  tables: Pick<Tables, "vends">,
  nowSeconds: number,
): Promise<readonly Vend[]> {
  const longest = limits.awsTokenLifeSeconds + limits.awsRoleLifeSeconds;
  const hours = new Set<string>();
  for (let end = nowSeconds; end < nowSeconds + longest; end += 600) hours.add(livePartition(end));
  hours.add(livePartition(nowSeconds + longest));
  const found: Vend[] = [];
  for (const root of hours) {
    let from: Record<string, unknown> | undefined;
    do {
      const page: QueryCommandOutput = await client.send(
        new QueryCommand({
          TableName: tables.vends,
          KeyConditionExpression: "#root = :root",
          ...words(["root"], { root }),
          ConsistentRead: true,
          ...(from ? { ExclusiveStartKey: from } : {}),
        }),
      );
      for (const item of page.Items ?? []) found.push(outlivingOf(item));
      from = page.LastEvaluatedKey;
    } while (from);
  }
  return found.filter(({ endsAtSeconds }) => endsAtSeconds > nowSeconds);
}
