import type { BudgetCharge, CostReport } from "../model/budget.ts";
import type { Result } from "../model/result.ts";

/** What a row has left of each thing that was asked of it. */
export interface BudgetLeft {
  readonly calls?: number;
  readonly money?: number;
}

/** What budgets have spent. Nothing here knows a limit of its own: the registry does, and each charge brings it along. */
export interface BudgetStore {
  /**
   * Takes from one row, by one conditional update. Of any number of concurrent calls as many succeed as fit the most
   * that they bring along. What an answer that was lost has taken stays taken, so it may count too much and never too
   * little.
   * @returns what is left where the charge does not fit, and then nothing is taken
   */
  take(charge: BudgetCharge): Promise<Result<void, BudgetLeft>>;
  /** Gives back what was taken, all or nothing, once, however often it has to be sent. */
  giveBack(charges: readonly BudgetCharge[]): Promise<void>;
  /** What was reserved for a call, strongly consistent. */
  readReport(id: string): Promise<CostReport | undefined>;
}
