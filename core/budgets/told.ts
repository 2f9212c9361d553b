import type { AuditFacts } from "../audit/record.ts";
import type { Denial } from "../denial/denial.ts";
import { denialToWire } from "../denial/wire.ts";
import type { Spent } from "./spend.ts";

/** What a record says of what was taken from budgets. */
export const spentFacts = ({ keys, report }: Spent): Pick<AuditFacts, "budgets" | "cost" | "costReport"> => ({
  ...(keys.length > 0 ? { budgets: keys } : {}),
  ...(report ? { cost: report.reserved, costReport: report.id } : {}),
});

/**
 * What a refusal by a budget says to the server or gateway that asked, which everything else about this call permits:
 * what is left and when it renews, or in which currency a cost is to be named. Of every other refusal it says nothing.
 */
export function budgetTold(denial: Denial): object | undefined {
  const why = () => ({ error: denial.code, error_description: denialToWire(denial).description });
  if (denial.code === "cost_required") return { ...why(), budget: denial.budget, currency: denial.currency };
  if (denial.code !== "budget_spent") return undefined;
  const { budget, of, what, left, renewsAtSeconds } = denial;
  return { ...why(), budget, of, what, left, renews_at: renewsAtSeconds };
}
