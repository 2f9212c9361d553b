import type { AuditContext } from "../audit/context.ts";
import type { DenyDeps } from "../audit/deny.ts";
import type { Denial } from "../denial/denial.ts";
import type { CostReport, Money } from "../model/budget.ts";
import { nowSeconds } from "../model/ports.ts";
import type { ReplayEntry } from "../model/replay/entry.ts";
import { err, ok, type Result } from "../model/result.ts";
import { readCost } from "./read-cost.ts";
import type { BudgetStore } from "./store.ts";

/** What settling needs. */
export interface SettleDeps extends DenyDeps {
  readonly budgets: Pick<BudgetStore, "readReport" | "settle">;
}

/** A server's word of what a call did cost. */
interface Settling {
  readonly id: string;
  /** As it was sent. */
  readonly cost: string | undefined;
  /** The server, and what makes its proof count once. */
  readonly caller: { readonly agent: string; readonly entries: readonly ReplayEntry[] };
  readonly audit: AuditContext;
}

/**
 * Settles what was reserved for a call, by the id it was reserved under: once, and by the server of that resource alone
 * (threat 60). What was reserved beyond the cost goes back to every budget it was taken from, as long as its window
 * lasts. A cost beyond what was reserved is taken too, empties those budgets until their windows end, and rings: the
 * server let a call cost more than it had said, and nobody had asked the budgets about that.
 *
 * The same word said again is answered as the first time, so that a server whose answer was lost may ask again.
 * @param settling by a server that was authenticated and lives
 * @returns the answer, or `parameter_missing`, `parameter_invalid`, `report_unknown`, `report_settled`, `dpop_replayed`
 */
export async function settle(
  { id, cost: text, caller, audit }: Settling,
  deps: SettleDeps,
): Promise<Result<object, Denial>> {
  if (text === undefined) return err({ code: "parameter_missing", name: "cost" });
  const cost = readCost(text);
  if (!cost)
    return err({ code: "parameter_invalid", name: "cost", why: "send an amount and its currency, as 1250 EUR" });
  audit.add({ operation: "budget.settle", cost, costReport: id.slice(0, 64) });
  const report = await ownReport(id, caller, deps);
  if (!report.ok) return report;
  const { reserved, settled } = report.value;
  if (cost.currency !== reserved.currency)
    return err({ code: "parameter_invalid", name: "cost", why: `it was reserved in ${reserved.currency}` });
  if (settled !== undefined) return again(report.value, cost);
  const { root, sid } = report.value;
  audit.add({ target: report.value.resource, session: { root, sid, anc: [], depth: sid === root ? 0 : 1 } });
  const written = await deps.budgets.settle({
    report: report.value,
    cost: cost.minor,
    nowSeconds: nowSeconds(deps.clock),
    replayEntries: caller.entries,
    record: deps.toRecord({ ...audit.facts, ...outcomeOf(report.value, cost) }, deps.ids.id()),
  });
  if (written.ok) return ok(about(report.value, cost.minor));
  if (written.error.kind === "replay") return err({ code: "dpop_replayed" });
  // another request of the same server came first
  const now = await ownReport(id, caller, deps);
  return now.ok ? again(now.value, cost) : now;
}

/** The report, where it is the caller's and not forgotten; of another's, nobody is told that it exists. */
async function ownReport(
  id: string,
  { agent }: Settling["caller"],
  { budgets, clock }: SettleDeps,
): Promise<Result<CostReport, Denial>> {
  const report = /^[A-Za-z0-9_-]{22}$/.test(id) ? await budgets.readReport(id) : undefined;
  return report?.server === agent && report.expiresAtSeconds > nowSeconds(clock)
    ? ok(report)
    : err({ code: "report_unknown" });
}

const again = (report: CostReport, { minor }: Money): Result<object, Denial> =>
  report.settled === minor
    ? ok(about(report, minor))
    : err({ code: "report_settled", settled: report.settled ?? 0, currency: report.reserved.currency });

const about = ({ id, reserved }: CostReport, minor: number): object => ({
  report: id,
  cost: `${minor} ${reserved.currency}`,
  ...(minor > reserved.minor ? { exceeds: `${minor - reserved.minor} ${reserved.currency}` } : {}),
});

/** What the record says: a cost beyond what was reserved is on record as what no budget admitted, and rings. */
const outcomeOf = ({ reserved }: CostReport, { minor, currency }: Money) =>
  minor <= reserved.minor
    ? ({ outcome: "allowed" } as const)
    : ({
        outcome: "denied",
        denial: { code: "cost_exceeds", reserved: reserved.minor, cost: minor, currency },
      } as const);
