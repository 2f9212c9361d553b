import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import type { BudgetReads } from "../../../../core/budgets/store.ts";
import type { Tables } from "../dynamo.ts";
import { getAll } from "../get-all.ts";
import { spentRowOf } from "./budget-rows.ts";

/** Reads rows of table Budgets for operators' questions. */
export const createBudgetReads = (client: DynamoDBDocumentClient, tables: Pick<Tables, "budgets">): BudgetReads => ({
  async rows(keys) {
    const items = await getAll(
      client,
      tables.budgets,
      keys.map((key) => ({ key })),
    );
    return new Map(items.map((item) => [String(item.key), spentRowOf(item)]));
  },
});
