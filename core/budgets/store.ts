import type { AuditRecord } from "../audit/record.ts";
import type { BudgetCharge, CostReport } from "../model/budget.ts";
import type { ReplayEntry } from "../model/replay/entry.ts";
import type { Result } from "../model/result.ts";
import type { SpentRow } from "./left.ts";

/** What a row has left of each thing that was asked of it. */
export interface BudgetLeft {
  readonly calls?: number;
  readonly money?: number;
}

/** What a call did cost, and its record. */
export interface Settlement {
  /** As it was read. */
  readonly report: CostReport;
  readonly cost: number;
  readonly nowSeconds: number;
  readonly replayEntries: readonly ReplayEntry[];
  readonly record: AuditRecord;
}

/** Reads how budgets stand; it has no method that writes. */
export interface BudgetReads {
  /** Rows by their keys, strongly consistent; one that is not there has spent nothing and is left out. */
  rows(keys: readonly string[]): Promise<ReadonlyMap<string, SpentRow>>;
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
  /**
   * One transaction, on condition that the report is not settled: what was reserved beyond the cost is given back to
   * every row whose window lasts; a cost beyond it is added there, and the row is emptied.
   */
  settle(settlement: Settlement): Promise<Result<void, { readonly kind: "settled" | "replay" }>>;
}
