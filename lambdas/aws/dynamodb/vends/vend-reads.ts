import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandOutput } from "@aws-sdk/lib-dynamodb";
import type { Vend } from "../../../../core/model/session.ts";
import { type Tables, words } from "../dynamo.ts";
import { vendKey, vendOf } from "./vend-rows.ts";

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
