import { type DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { DecideConflict, Deciding, DecisionStore } from "../../../../core/approvals/decisions.ts";
import { limits } from "../../../../core/model/limits.ts";
import { counterKeys } from "../../../../core/model/row-keys.ts";
import { type Action, type Tables, transact, words } from "../dynamo.ts";
import { outboxPut } from "../outbox.ts";
import { replayPuts } from "../replay-put.ts";
import { decisionItem, refusedRequestItem } from "./decision-rows.ts";

/** The only adapter that writes table Decisions. */
export const createDecisions = (client: DynamoDBDocumentClient, tables: Tables): DecisionStore => ({
  decide: (deciding) => transact<DecideConflict>(client, actionsOf(deciding, tables)),
  async inRow(agent, verdict, nowSeconds) {
    const { Attributes } = await client.send(
      new UpdateCommand({
        TableName: tables.counters,
        Key: { key: counterKeys.refusals(agent) },
        ...(verdict === "refused"
          ? {
              UpdateExpression: "SET #expiresAt = :expiresAt ADD #count :one",
              ...words(["expiresAt", "count"], { expiresAt: nowSeconds + limits.approvalRefusalsKeptSeconds, one: 1 }),
            }
          : {
              UpdateExpression: "SET #expiresAt = :expiresAt, #count = :none",
              ...words(["expiresAt", "count"], { expiresAt: nowSeconds, none: 0 }),
            }),
        ReturnValues: "UPDATED_NEW",
      }),
    );
    return Number(Attributes?.count ?? 0);
  },
});

/** Of any number of decisions under one key one is put; a refusal is put beside the approvals, and stands above them. */
function actionsOf({ decision, replayEntries, record }: Deciding, tables: Tables): readonly Action<DecideConflict>[] {
  return [
    ...(replayPuts(tables, replayEntries) as readonly Action<DecideConflict>[]),
    {
      conflict: { kind: "decided" },
      item: {
        Put: {
          TableName: tables.decisions,
          Item: { ...decisionItem(decision) },
          ConditionExpression: "attribute_not_exists(#approval)",
          ...words(["approval"]),
        },
      },
    },
    ...(decision.verdict === "refused"
      ? [{ item: { Put: { TableName: tables.decisions, Item: { ...refusedRequestItem(decision) } } } }]
      : []),
    { item: { Put: outboxPut(tables, record) } },
  ];
}
