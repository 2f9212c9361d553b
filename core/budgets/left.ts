import type { BudgetWindow } from "../model/budget.ts";
import { type WindowRows, windowRows } from "./charges.ts";
import type { BudgetLevel } from "./levels.ts";

/** What one row of table Budgets says. */
export interface SpentRow {
  readonly calls: number;
  /** Spent and reserved, in the currency's smallest unit. */
  takenMinor(currency: string): number;
  /** What of it is reserved, and not settled yet. */
  reservedMinor(currency: string): number;
  /** Whether a cost that nobody had reserved emptied it until its window ends. */
  readonly emptied: boolean;
}

/** How a budget stands in one window. */
interface WindowLeft {
  readonly window: BudgetWindow;
  readonly renewsAtSeconds: number;
  readonly calls?: { readonly limit: number; readonly spent: number; readonly left: number };
  readonly money?: {
    readonly currency: string;
    readonly limitMinor: number;
    /** Without what is reserved. */
    readonly spentMinor: number;
    readonly reservedMinor: number;
    readonly leftMinor: number;
  };
  /** A cost that nobody had reserved emptied it, or the rows that met such a cost. */
  readonly emptied?: true;
}

/**
 * How a budget stands now, in each window that it bounds. What is left of a divided limit is the sum of what its rows
 * have left: a call meets one of them by chance, and fits where that one has room.
 * @param rows by their keys; a row that is not there has spent nothing
 */
export function leftOf(
  level: BudgetLevel,
  rows: ReadonlyMap<string, SpentRow>,
  nowSeconds: number,
): readonly WindowLeft[] {
  return windowRows(level, nowSeconds).map((window) => windowLeft(window, level, rows));
}

function windowLeft(
  { window, endsAtSeconds, rows: parts }: WindowRows,
  { bounds }: Pick<BudgetLevel, "bounds">,
  rows: ReadonlyMap<string, SpentRow>,
): WindowLeft {
  const held = parts.map((part) => ({ part, row: rows.get(part.key) }));
  const sum = (of: (one: (typeof held)[number]) => number) => held.reduce((total, one) => total + of(one), 0);
  const rest = (most: number, spent: number, row: SpentRow | undefined) =>
    row?.emptied ? 0 : Math.max(0, most - spent);
  const limit = bounds.calls?.[window];
  const limitMinor = bounds.money?.[window];
  const currency = bounds.money?.currency ?? "";
  const reservedMinor = sum(({ row }) => row?.reservedMinor(currency) ?? 0);
  const taken = (row: SpentRow | undefined) => row?.takenMinor(currency) ?? 0;
  return {
    window,
    renewsAtSeconds: endsAtSeconds,
    ...(limit === undefined
      ? {}
      : {
          calls: {
            limit,
            spent: sum(({ row }) => row?.calls ?? 0),
            left: sum(({ part, row }) => rest(part.calls ?? 0, row?.calls ?? 0, row)),
          },
        }),
    ...(limitMinor === undefined
      ? {}
      : {
          money: {
            ...{ currency, limitMinor, reservedMinor },
            spentMinor: sum(({ row }) => taken(row)) - reservedMinor,
            leftMinor: sum(({ part, row }) => rest(part.money ?? 0, taken(row), row)),
          },
        }),
    ...(held.some(({ row }) => row?.emptied) ? { emptied: true as const } : {}),
  };
}
