import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, expect } from "vitest";
import type { Lab } from "./lab.ts";

/** Ids of every session row there is. */
async function sessionIds(lab: Lab, dynamo: DynamoDBClient): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  const TableName = lab.world.cloud.outputs.SessionsTable;
  let from: Parameters<typeof scan>[0];
  const scan = (ExclusiveStartKey: import("@aws-sdk/client-dynamodb").ScanCommandInput["ExclusiveStartKey"]) =>
    dynamo.send(
      new ScanCommand({ TableName, ConsistentRead: true, ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}) }),
    );
  do {
    const page = await scan(from);
    // offers stand beside their session under `~offer#…`, lease counters under `lease`
    for (const { sid } of page.Items ?? []) if (sid?.S && /^[\w-]{22}$/.test(sid.S)) ids.add(sid.S);
    from = page.LastEvaluatedKey;
  } while (from);
  return ids;
}

/**
 * Around every test of the suite: counts what was granted over the wire and what stands in the table. A refusal that
 * stored a session all the same, or a session without an answer, shows as a difference.
 */
export function watchSessions(lab: () => Lab): void {
  let dynamo: DynamoDBClient;
  let before: ReadonlySet<string>;
  beforeEach(async () => {
    const { aws, operator } = lab().world.endpoints;
    dynamo = new DynamoDBClient({ region: aws.region, endpoint: aws.endpoint, credentials: operator.credentials });
    before = await sessionIds(lab(), dynamo);
    lab().grants.clear();
  });
  afterEach(async () => {
    const after = await sessionIds(lab(), dynamo);
    dynamo.destroy();
    const born = [...after].filter((sid) => !before.has(sid));
    const unaccounted = born.filter((sid) => !lab().grants.has(sid));
    expect(unaccounted, "sessions stored without having been granted").toEqual([]);
  });
}
