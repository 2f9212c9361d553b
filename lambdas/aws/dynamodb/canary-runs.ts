import { type DynamoDBDocumentClient, PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { type CanaryRun, canary } from "../../../core/model/canary.ts";
import { words } from "./dynamo.ts";

/** Partition of the runs in the canary's table. */
const runs = "run";
/** How long a run is kept. */
const keptSeconds = 7 * 86_400;
/** Most runs that are read: a day has 312. */
const mostRuns = 500;

/** Keys of the canary's table. */
export const runKeys = {
  /** The row that its AWS role may read; nothing is ever written there. */
  own: { kind: { S: canary.ownKey }, at: { S: "-" } },
} as const;

/** Keeps a run. A run of the same millisecond would be overwritten: there is one canary. */
export async function keepRun(client: DynamoDBDocumentClient, table: string, run: CanaryRun): Promise<void> {
  const Item = {
    kind: runs,
    at: new Date(run.atMillis).toISOString(),
    sid: run.sid,
    refusedAfterMillis: run.refusedAfterMillis,
    expiresAt: Math.floor(run.atMillis / 1_000) + keptSeconds,
  };
  await client.send(new PutCommand({ TableName: table, Item }));
}

/** Runs since a moment, the newest first. */
export async function readRuns(
  client: DynamoDBDocumentClient,
  table: string,
  sinceMillis: number,
): Promise<readonly CanaryRun[]> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: "#kind = :kind AND #at > :since",
      ...words(["kind", "at"], { kind: runs, since: new Date(sinceMillis).toISOString() }),
      ScanIndexForward: false,
      Limit: mostRuns,
    }),
  );
  return Items.map(({ at, sid, refusedAfterMillis }) => ({
    atMillis: Date.parse(String(at)),
    sid: String(sid),
    refusedAfterMillis: refusedAfterMillis as CanaryRun["refusedAfterMillis"],
  }));
}
