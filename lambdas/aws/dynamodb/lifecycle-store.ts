import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandOutput,
} from "@aws-sdk/lib-dynamodb";
import type { LifecycleStore, Trace } from "../../../core/lifecycle/trace.ts";
import { subjects } from "../../../core/model/subjects.ts";
import { type Tables, transact, words } from "./dynamo.ts";
import { outboxPut } from "./outbox.ts";
import { endOf, shardsOf } from "./subjects/subject-rows.ts";
import { lookedItem, lookedKey, lookedOf, traceItem, traceKind, traceOf } from "./trace-rows.ts";

/** Traces of active agents in table Traces, and sessions as far as table Subjects still has their rows. */
export function createLifecycleStore(client: DynamoDBDocumentClient, tables: Tables): LifecycleStore {
  const { traces } = tables;
  return {
    async memory() {
      const [found, last] = await Promise.all([
        readTraces(client, traces),
        client.send(new GetCommand({ TableName: traces, Key: lookedKey, ConsistentRead: true })),
      ]);
      return { traces: found, lookedAtSeconds: last.Item && lookedOf(last.Item) };
    },
    async latestEndSeconds(agentId) {
      const ends = await Promise.all(
        shardsOf(subjects.agent(agentId)).map((shard) => latestEnd(client, tables.subjects, shard)),
      );
      const found = ends.filter((end) => end !== undefined);
      return found.length === 0 ? undefined : Math.max(...found);
    },
    async keep(kept, records) {
      const before = kept.revision - 1;
      const written = await transact(client, [
        {
          conflict: "overtaken" as const,
          item: {
            Put: {
              TableName: traces,
              Item: traceItem(kept),
              ConditionExpression: before === 0 ? "attribute_not_exists(#kind)" : "#revision = :before",
              ...words([before === 0 ? "kind" : "revision"], before === 0 ? undefined : { before }),
            },
          },
        },
        ...records.map((record) => ({ item: { Put: outboxPut(tables, record) } })),
      ]);
      return written.ok;
    },
    async forget(name) {
      await client.send(new DeleteCommand({ TableName: traces, Key: { kind: traceKind, name } }));
    },
    async looked(atSeconds) {
      await client.send(new PutCommand({ TableName: traces, Item: lookedItem(atSeconds) }));
    },
  };
}

async function readTraces(client: DynamoDBDocumentClient, table: string): Promise<readonly Trace[]> {
  const found: Trace[] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const page: QueryCommandOutput = await client.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: "#kind = :kind",
        ...words(["kind"], { kind: traceKind }),
        ConsistentRead: true,
        ...(from ? { ExclusiveStartKey: from } : {}),
      }),
    );
    found.push(...(page.Items ?? []).map(traceOf));
    from = page.LastEvaluatedKey;
  } while (from);
  return found;
}

/**
 * Sort keys begin with the session's end, so the last key has the latest one. An eventually consistent read is precise
 * enough for a count of days.
 */
async function latestEnd(client: DynamoDBDocumentClient, table: string, shard: string): Promise<number | undefined> {
  const found = await client.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: "#subject = :shard",
      ...words(["subject"], { shard }),
      ScanIndexForward: false,
      Limit: 1,
    }),
  );
  const [row] = found.Items ?? [];
  return row && endOf(row.session);
}
