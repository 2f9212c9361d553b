import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import type { Settlement } from "../../../../core/budgets/store.ts";
import { err } from "../../../../core/model/result.ts";
import { budgetKeys } from "../../../../core/model/row-keys.ts";
import type { CommitConflict } from "../../../../core/session/store.ts";
import { type Action, type Tables, transact, words } from "../dynamo.ts";
import { outboxPut } from "../outbox.ts";
import { replayPuts } from "../replay-put.ts";
import { reservedIn } from "./budget-rows.ts";

type SettleConflict = CommitConflict | { readonly kind: "settled" };

/** One transaction, once a report: see {@link Settlement}. */
export async function settle(client: DynamoDBDocumentClient, tables: Tables, settlement: Settlement) {
  const written = await transact(client, settlementOf(settlement, tables));
  if (written.ok) return written;
  return err({ kind: written.error.kind === "replay" ? "replay" : "settled" } as const);
}

/** Replay entries come first, since when several conditions fail the caller must be told of the replay. */
function settlementOf(
  { report, cost, nowSeconds, replayEntries, record }: Settlement,
  tables: Tables,
): readonly Action<SettleConflict>[] {
  const { id, reserved, rows } = report;
  const more = cost - reserved.minor;
  const settled: Action<SettleConflict> = {
    conflict: { kind: "settled" },
    item: {
      Update: {
        TableName: tables.budgets,
        Key: { key: budgetKeys.report(id) },
        UpdateExpression: "SET #settled = :cost",
        ConditionExpression: "attribute_exists(#id) AND attribute_not_exists(#settled)",
        ...words(["id", "settled"], { cost }),
      },
    },
  };
  // a row whose window is over bounds nothing any more, and may be gone
  const open = rows.filter(({ endsAtSeconds }) => endsAtSeconds > nowSeconds);
  return [
    ...replayPuts(tables, replayEntries),
    settled,
    ...open.map(({ key }) => ({
      item: {
        Update: {
          TableName: tables.budgets,
          Key: { key },
          UpdateExpression: `ADD #spent :more, #reserved :less${more > 0 ? " SET #emptied = :emptied" : ""}`,
          ConditionExpression: "attribute_exists(#spent)",
          ExpressionAttributeNames: {
            ...{ "#spent": reserved.currency, "#reserved": reservedIn(reserved.currency) },
            ...(more > 0 ? { "#emptied": "emptied" } : {}),
          },
          ExpressionAttributeValues: {
            ...{ ":more": more, ":less": -reserved.minor },
            ...(more > 0 ? { ":emptied": true } : {}),
          },
        },
      },
    })),
    { item: { Put: outboxPut(tables, record) } },
  ];
}
