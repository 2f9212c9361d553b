import { readCost } from "../../core/budgets/read-cost.ts";

/** A sum of money: what a call can cost at most, or what it did cost. */
export interface Cost {
  /** A whole number of the currency's smallest unit: cents and not euros, and of yen the yen. At most 10¹². */
  readonly amountMinor: number;
  /** ISO 4217 code, such as `EUR`. */
  readonly currency: string;
}

/**
 * A sum as introspection takes it.
 * @throws TypeError for what is no such sum: rounding would be somebody's loss
 */
export function costText({ amountMinor, currency }: Cost): string {
  const text = `${amountMinor} ${currency}`;
  if (!readCost(text))
    throw new TypeError("a cost is a whole amountMinor of the currency's smallest unit, and its code, as EUR");
  return text;
}

/** The sum in an answer; undefined for a text that is none. */
export const costIn = (text: unknown): Cost | undefined => {
  const read = typeof text === "string" ? readCost(text) : undefined;
  return read && { amountMinor: read.minor, currency: read.currency };
};

/**
 * Several sums together; undefined for none.
 * @throws TypeError for two currencies
 */
export function costSum(costs: readonly Cost[]): Cost | undefined {
  const [first] = costs;
  if (!first) return undefined;
  const { currency } = first;
  if (costs.some((one) => one.currency !== currency)) throw new TypeError("one request has costs in two currencies");
  return { amountMinor: costs.reduce((sum, { amountMinor }) => sum + amountMinor, 0), currency };
}
