import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandOutput } from "@aws-sdk/lib-dynamodb";
import type { Baseline, BaselineStore } from "../../../core/drift/baseline.ts";
import { baselineItem, baselineKind, baselineOf } from "./baseline-rows.ts";
import { type Tables, transact, words } from "./dynamo.ts";
import { outboxPut } from "./outbox.ts";

/** Baselines of the deployed functions, in table Traces. */
export function createBaselines(
  client: DynamoDBDocumentClient,
  tables: Pick<Tables, "traces" | "outbox">,
): BaselineStore {
  return {
    async all() {
      const found: Baseline[] = [];
      let from: Record<string, unknown> | undefined;
      do {
        const page: QueryCommandOutput = await client.send(
          new QueryCommand({
            TableName: tables.traces,
            KeyConditionExpression: "#kind = :kind",
            ...words(["kind"], { kind: baselineKind }),
            ConsistentRead: true,
            ...(from ? { ExclusiveStartKey: from } : {}),
          }),
        );
        found.push(...(page.Items ?? []).map(baselineOf));
        from = page.LastEvaluatedKey;
      } while (from);
      return found;
    },
    async keep(baseline, records) {
      const before = baseline.revision - 1;
      const written = await transact(client, [
        {
          conflict: "overtaken" as const,
          item: {
            Put: {
              TableName: tables.traces,
              Item: baselineItem(baseline),
              ConditionExpression: before === 0 ? "attribute_not_exists(#kind)" : "#revision = :before",
              ...words([before === 0 ? "kind" : "revision"], before === 0 ? undefined : { before }),
            },
          },
        },
        ...records.map((record) => ({ item: { Put: outboxPut(tables, record) } })),
      ]);
      return written.ok;
    },
  };
}
