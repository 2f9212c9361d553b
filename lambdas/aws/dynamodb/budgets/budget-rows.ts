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

/** What a row has spent in a currency's smallest unit: one attribute a currency, so that a limit may change to another. */
export const moneyIn = (item: Item, currency: string): number => member(currency, whole, 0)(item);

/** Whether a cost that nobody had reserved emptied the row until its window ends. */
export const emptiedIn = (item: Item): boolean => emptied(item);
