import type { AuditRecord } from "../../../core/audit/record.ts";
import type { SpentRow } from "../../../core/budgets/left.ts";
import type { BudgetLeft, BudgetReads, BudgetStore, Settlement } from "../../../core/budgets/store.ts";
import type { BudgetCharge, CostReport } from "../../../core/model/budget.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";

/** Table Budgets in memory, as strict as the real one; every call yields once so that races can happen. */
export class MemoryBudgets implements BudgetStore, BudgetReads {
  /** What was spent, by `key what`: calls, or a currency. */
  readonly spent = new Map<string, number>();
  /** What of it is reserved and not settled, by the same names. */
  readonly reserved = new Map<string, number>();
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
    this.reserve(charge, 1);
    return ok(undefined);
  }

  async giveBack(charges: readonly BudgetCharge[]): Promise<void> {
    await this.enter("giveBack");
    if (charges.length === 0) throw new Error("an empty transaction is refused");
    for (const charge of charges) {
      for (const { what, by } of partsOf(charge)) this.add(charge.key, what, -by);
      this.reserve(charge, -1);
    }
  }

  /** Records of settlements. */
  readonly records: AuditRecord[] = [];

  async settle({ report, cost, nowSeconds, record }: Settlement) {
    await this.enter("settle");
    const held = this.reports.get(report.id);
    if (!held || held.settled !== undefined) return err({ kind: "settled" } as const);
    this.reports.set(report.id, { ...held, settled: cost });
    const more = cost - report.reserved.minor;
    for (const { key, endsAtSeconds } of report.rows) {
      if (endsAtSeconds <= nowSeconds) continue;
      this.add(key, report.reserved.currency, more);
      const { minor: by, currency } = report.reserved;
      this.reserve({ key, money: { by, currency } }, -1);
      if (more > 0) this.emptied.add(key);
    }
    this.records.push(record);
    return ok(undefined);
  }

  async readReport(id: string): Promise<CostReport | undefined> {
    await this.enter("readReport");
    return structuredClone(this.reports.get(id));
  }

  /** What operators read: a row that is not there is left out. */
  async rows(keys: readonly string[]): Promise<ReadonlyMap<string, SpentRow>> {
    await this.enter("rows");
    const held = new Set([...this.spent.keys()].map((name) => name.slice(0, name.lastIndexOf(" "))));
    const rowOf = (key: string): SpentRow => ({
      calls: this.spent.get(`${key} calls`) ?? 0,
      takenMinor: (currency) => this.spent.get(`${key} ${currency}`) ?? 0,
      reservedMinor: (currency) => this.reserved.get(`${key} ${currency}`) ?? 0,
      emptied: this.emptied.has(key),
    });
    return new Map(keys.filter((key) => held.has(key)).map((key) => [key, rowOf(key)]));
  }

  private reserve({ key, money }: Reservation, sign: 1 | -1): void {
    if (!money) return;
    const name = `${key} ${money.currency}`;
    this.reserved.set(name, (this.reserved.get(name) ?? 0) + sign * money.by);
  }

  add(key: string, what: string, by: number): void {
    this.spent.set(`${key} ${what}`, (this.spent.get(`${key} ${what}`) ?? 0) + by);
  }

  private async enter(name: string): Promise<void> {
    this.calls.push(name);
    await Promise.resolve();
  }
}

interface Reservation {
  readonly key: string;
  readonly money?: { readonly by: number; readonly currency: string };
}

const partsOf = ({ calls, money }: BudgetCharge) => [
  ...(calls ? [{ what: "calls", by: calls.by, most: calls.most }] : []),
  ...(money ? [{ what: money.currency, by: money.by, most: money.most }] : []),
];
