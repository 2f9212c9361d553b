import type { VerifyRefusal } from "./refusal.ts";

/** A refusal by nothing but a budget. */
export type BudgetRefusal = Extract<VerifyRefusal, { readonly code: "budget_spent" | "cost_required" }>;

/** Whose budgets there are. */
const owners = ["person", "agent", "policy", "session"] as const;

/** The end of the year 9999. */
const lastSecond = 253_402_300_799;

/** Visible ASCII, as registered names are. */
const isName = (value: unknown): value is string =>
  typeof value === "string" && value.length <= 256 && /^[\x21-\x7e]+$/.test(value);

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * Reads from an inactive answer of introspection that a budget alone stands against the request: what is left and when
 * it renews, or in which currency a cost was to be named.
 * @returns undefined for an answer that does not say so completely: then the session counts as over
 */
export function budgetRefusal(answer: Readonly<Record<string, unknown>>): BudgetRefusal | undefined {
  const { error, budget, of, what, left, renews_at: renewsAtSeconds, currency } = answer;
  if (!isName(budget)) return undefined;
  if (error === "cost_required" && isName(currency)) return { code: "cost_required", budget, currency };
  const owner = owners.find((one) => one === of);
  // a date in a header has a year of four digits (RFC 9110 5.6.7)
  const isTime = isWhole(renewsAtSeconds) && renewsAtSeconds <= lastSecond;
  if (error !== "budget_spent" || !owner || !isName(what) || !isWhole(left) || !isTime) return undefined;
  return { code: "budget_spent", budget, of: owner, what, left, renewsAtSeconds };
}
