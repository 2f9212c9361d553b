import { type BudgetBounds, budgetWindows } from "../model/budget.ts";
import { limits } from "../model/limits.ts";
import { parseBoundedJson } from "../text/json.ts";

/**
 * Reads the budget that a session is to be opened with: `{"calls": {"hour": 10}, "money": {"currency": "EUR", "day":
 * 500}}`, either part and either window left out.
 * @returns the bounds; undefined when they are none, or bound nothing
 */
export function readBounds(text: string): BudgetBounds | undefined {
  if (text.length > 512) return undefined;
  const parsed = parseBoundedJson(text);
  if (!parsed.ok || !isBounds(parsed.value)) return undefined;
  const { calls, money } = parsed.value;
  // in the order in which rows are read, so that two texts of one budget compare equal
  return {
    ...(calls ? { calls: perWindow(calls) } : {}),
    ...(money ? { money: { currency: money.currency, ...perWindow(money) } } : {}),
  };
}

const perWindow = ({ hour, day }: NonNullable<BudgetBounds["calls"]>) => ({
  ...(hour === undefined ? {} : { hour }),
  ...(day === undefined ? {} : { day }),
});

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isLimit = (value: unknown): boolean =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= limits.budgetMost;

/** Limits in at least one window, and nothing else. */
const isPerWindow = (value: Readonly<Record<string, unknown>>): boolean =>
  Object.keys(value).length > 0 &&
  Object.entries(value).every(([name, most]) => budgetWindows.some((one) => one === name) && isLimit(most));

function isBounds(value: unknown): value is BudgetBounds {
  if (!isObject(value)) return false;
  const { calls, money, ...others } = value;
  if (Object.keys(others).length > 0 || (calls === undefined && money === undefined)) return false;
  if (calls !== undefined && !(isObject(calls) && isPerWindow(calls))) return false;
  if (money === undefined) return true;
  if (!isObject(money)) return false;
  const { currency, ...windows } = money;
  return typeof currency === "string" && /^[A-Z]{3}$/.test(currency) && isPerWindow(windows);
}
