import type { AuditRecord } from "../../../core/audit/record.ts";
import type { BudgetLeft, BudgetStore, Settlement } from "../../../core/budgets/store.ts";
import type { BudgetCharge, CostReport } from "../../../core/model/budget.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";

/** Table Budgets in memory, as strict as the real one; every call yields once so that races can happen. */
export class MemoryBudgets implements BudgetStore {
  /** What was spent, by `key what`: calls, or a currency. */
  readonly spent = new Map<string, number>();
  readonly emptied = new Set<string>();
  readonly reports = new Map<string, CostReport>();
  /** Names of the calls that came, in order. */
  readonly calls: string[] = [];
  /** Runs before each taking, with its number from 1: the place for crashes. */
  beforeTake: ((nth: number) => void) | undefined;
  private takes = 0;

  async take(charge: BudgetCharge): Promise<Result<void, BudgetLeft>> {
    await this.enter("take");
    this.beforeTake?.(++this.takes);
    const parts = partsOf(charge);
    const left = (what: string, most: number) =>
      this.emptied.has(charge.key) ? 0 : Math.max(0, most - (this.spent.get(`${charge.key} ${what}`) ?? 0));
    const { calls, money } = charge;
    if (this.emptied.has(charge.key) || parts.some(({ what, by, most }) => by > left(what, most)))
      return err({
        ...(calls ? { calls: left("calls", calls.most) } : {}),
        ...(money ? { money: left(money.currency, money.most) } : {}),
      });
    for (const { what, by } of parts) this.add(charge.key, what, by);
    return ok(undefined);
  }

  async giveBack(charges: readonly BudgetCharge[]): Promise<void> {
    await this.enter("giveBack");
    if (charges.length === 0) throw new Error("an empty transaction is refused");
    for (const charge of charges) for (const { what, by } of partsOf(charge)) this.add(charge.key, what, -by);
  }

  /** Records of settlements. */
  readonly records: AuditRecord[] = [];

  async settle({ report, cost, nowSeconds, record }: Settlement) {
    await this.enter("settle");
    const held = this.reports.get(report.id);
    if (!held || held.settled !== undefined) return err({ kind: "settled" } as const);
    this.reports.set(report.id, { ...held, settled: cost });
    const more = cost - report.reserved.minor;
    for (const { key, endsAtSeconds } of more === 0 ? [] : report.rows) {
      if (endsAtSeconds <= nowSeconds) continue;
      this.add(key, report.reserved.currency, more);
      if (more > 0) this.emptied.add(key);
    }
    this.records.push(record);
    return ok(undefined);
  }

  async readReport(id: string): Promise<CostReport | undefined> {
    await this.enter("readReport");
    return structuredClone(this.reports.get(id));
  }

  add(key: string, what: string, by: number): void {
    this.spent.set(`${key} ${what}`, (this.spent.get(`${key} ${what}`) ?? 0) + by);
  }

  private async enter(name: string): Promise<void> {
    this.calls.push(name);
    await Promise.resolve();
  }
}

const partsOf = ({ calls, money }: BudgetCharge) => [
  ...(calls ? [{ what: "calls", by: calls.by, most: calls.most }] : []),
  ...(money ? [{ what: money.currency, by: money.by, most: money.most }] : []),
];
