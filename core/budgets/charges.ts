import type { BudgetCharge, BudgetWindow, Money } from "../model/budget.ts";
import { budgetWindows } from "../model/budget.ts";
import { budgetKeys } from "../model/row-keys.ts";
import type { BudgetLevel } from "./levels.ts";

/** A charge, and the budget it is for. */
export interface LevelCharge extends BudgetCharge {
  readonly level: BudgetLevel;
}

const secondsOf = { hour: 3_600, day: 86_400 } as const satisfies Record<BudgetWindow, number>;

/** The window of UTC that a moment lies in: its name, as part of a key, and its end. */
function windowAt(window: BudgetWindow, nowSeconds: number): { name: string; endsAtSeconds: number } {
  const seconds = secondsOf[window];
  const begins = Math.floor(nowSeconds / seconds) * seconds;
  const name = new Date(begins * 1_000).toISOString().slice(0, window === "day" ? 10 : 13);
  return { name, endsAtSeconds: begins + seconds };
}

/** One of the rows of a limit that is divided, and the part of the limit that it may hold. The parts make up the whole. */
function shareOf(most: number, { shard, shards }: { readonly shard: number; readonly shards: number }): number {
  return Math.floor(most / shards) + (shard < most % shards ? 1 : 0);
}

/** The rows that hold one window of a budget, each with its part of what the budget bounds there. */
export interface WindowRows {
  readonly window: BudgetWindow;
  readonly endsAtSeconds: number;
  /** One, or as many as the budget has shards. */
  readonly rows: readonly { readonly key: string; readonly calls?: number; readonly money?: number }[];
}

/** The rows of a budget at a moment: those of the day, then those of the hour. */
export function windowRows(
  { name, scope, bounds, shards = 1 }: Pick<BudgetLevel, "name" | "scope" | "bounds" | "shards">,
  nowSeconds: number,
): readonly WindowRows[] {
  return budgetWindows.flatMap((window) => {
    const calls = bounds.calls?.[window];
    const money = bounds.money?.[window];
    if (calls === undefined && money === undefined) return [];
    const { name: at, endsAtSeconds } = windowAt(window, nowSeconds);
    const rows = Array.from({ length: shards }, (_, shard) => ({
      key: budgetKeys.spent(name, scope, shards === 1 ? at : `${at}#${shard}`),
      ...(calls === undefined ? {} : { calls: shareOf(calls, { shard, shards }) }),
      ...(money === undefined ? {} : { money: shareOf(money, { shard, shards }) }),
    }));
    return { window, endsAtSeconds, rows };
  });
}

/**
 * What one call takes from a budget: a unit of its calls and the cost from its money, in each window that is bounded.
 * @param chance a whole number, by which one of the rows of a divided limit is chosen
 */
export function chargesOf(
  level: BudgetLevel,
  { cost, nowSeconds, chance }: { readonly cost?: Money; readonly nowSeconds: number; readonly chance: number },
): readonly LevelCharge[] {
  return windowRows(level, nowSeconds).flatMap(({ rows, endsAtSeconds }) => {
    const row = rows[chance % rows.length];
    if (!row) return [];
    const { key, calls, money } = row;
    return {
      level,
      key,
      ...(calls === undefined ? {} : { calls: { by: 1, most: calls } }),
      ...(money === undefined || !cost ? {} : { money: { by: cost.minor, most: money, currency: cost.currency } }),
      endsAtSeconds,
    };
  });
}
