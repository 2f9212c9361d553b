import type { Row } from "../row.ts";
import { prices } from "./prices.ts";

/** One line of a bill. */
export interface Line {
  readonly what: string;
  /** How many of the price's unit; millionths where it is by the million. */
  readonly count: number;
  readonly price: keyof typeof prices;
}

/** Dollars of a line. */
export const dollarsOf = ({ count, price }: Line): number => {
  const { dollars, per } = prices[price];
  return (count * dollars) / (per === "million" ? 1e6 : 1);
};

/**
 * A bill as rows: each line, then the sum with its goal.
 * @param most dollars the sum may be
 */
export function billOf(title: string, lines: readonly Line[], most?: number): readonly Row[] {
  const row = (name: string, value: number): Row => ({ section: "cost", name, value, unit: "dollars" });
  const each = lines.map((line) => row(`${title}: ${line.what}`, dollarsOf(line)));
  const sum = row(
    title,
    lines.reduce((total, line) => total + dollarsOf(line), 0),
  );
  return [...each, most === undefined ? sum : { ...sum, goal: most }];
}
