import type { SpentRow } from "../../../../core/budgets/left.ts";
import { flag, type Item, row, whole } from "../codec.ts";

const member = <T>(name: string, decode: (value: unknown, at: string) => T, absent: T) =>
  row({ table: "budgets", key: ["key"] }, (value, at) => {
    const found = (value as Item)[name];
    return found === undefined ? absent : decode(found, at === "" ? name : at);
  });

const calls = member("calls", whole, 0);
const emptied = member("emptied", flag, false);

/** Calls that a row has counted. A count that cannot be read throws, so that it looks neither full nor empty. */
export const callsIn = (item: Item): number => calls(item);

/**
 * What a row has spent in a currency's smallest unit, with what is reserved of it: one attribute a currency, so that a
 * limit may change to another.
 */
export const moneyIn = (item: Item, currency: string): number => member(currency, whole, 0)(item);

/** The attribute of what is reserved in a currency and not settled. It is told, and bounds nothing. */
export const reservedIn = (currency: string): string => `reserved${currency}`;

/** Whether a cost that nobody had reserved emptied the row until its window ends. */
export const emptiedIn = (item: Item): boolean => emptied(item);

/** What a row tells an operator. */
export const spentRowOf = (item: Item): SpentRow => ({
  calls: callsIn(item),
  takenMinor: (currency) => moneyIn(item, currency),
  reservedMinor: (currency) => member(reservedIn(currency), whole, 0)(item),
  emptied: emptiedIn(item),
});
