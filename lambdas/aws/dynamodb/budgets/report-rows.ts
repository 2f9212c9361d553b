import type { CostReport } from "../../../../core/model/budget.ts";
import { budgetKeys } from "../../../../core/model/row-keys.ts";
import { type Item, list, members, optional, row, text, whole } from "../codec.ts";
import { type Tables, words } from "../dynamo.ts";

/** What a row of a report has beside the report. */
interface Kept {
  readonly key: string;
  readonly expiresAt: number;
}

/** Stores what was reserved for a call, in the transaction that records it. */
export const reportPut = (tables: Tables, report: CostReport) => ({
  Put: {
    TableName: tables.budgets,
    Item: { ...report, key: budgetKeys.report(report.id), expiresAt: report.expiresAtSeconds } satisfies Item & Kept,
    ConditionExpression: "attribute_not_exists(#key)",
    ...words(["key"]),
  },
});

const reportRow = row(
  { table: "budgets", key: ["key"] },
  members<CostReport & Kept>({
    key: text,
    id: text,
    resource: text,
    server: text,
    root: text,
    sid: text,
    reserved: members<CostReport["reserved"]>({ minor: whole, currency: text }),
    rows: list(members<CostReport["rows"][number]>({ key: text, most: whole, endsAtSeconds: whole })),
    expiresAtSeconds: whole,
    settled: optional(whole),
    expiresAt: whole,
  }),
);

/**
 * The report in a row.
 * @throws {@link BrokenRow}
 */
export function reportOf(item: Item): CostReport {
  const { key: _k, expiresAt: _e, ...report } = reportRow(item);
  return report;
}
