import type { Money } from "../model/budget.ts";
import { limits } from "../model/limits.ts";

/**
 * Reads a sum of money as a form writes it: a whole number of the currency's smallest unit and its code, `1250 EUR`.
 * @returns undefined when it is none
 */
export function readCost(text: string): Money | undefined {
  const [, amount, currency] = /^(0|[1-9][0-9]{0,12}) ([A-Z]{3})$/.exec(text) ?? [];
  const minor = Number(amount);
  return currency !== undefined && minor <= limits.budgetMost ? { minor, currency } : undefined;
}
