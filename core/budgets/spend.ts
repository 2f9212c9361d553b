import type { Denial } from "../denial/denial.ts";
import type { CostReport, Money } from "../model/budget.ts";
import { limits } from "../model/limits.ts";
import { type Clock, type Ids, nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import { chargesOf, type LevelCharge } from "./charges.ts";
import type { BudgetLevel } from "./levels.ts";
import type { BudgetLeft, BudgetStore } from "./store.ts";

/** What spending needs. */
export interface SpendPorts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly budgets: Pick<BudgetStore, "take" | "giveBack">;
}

/** A call that is about to be permitted. */
export interface Spending {
  readonly levels: readonly BudgetLevel[];
  /** The most it can cost, where its server says so. */
  readonly cost?: Money;
  /** Whose it is, for the report by which its cost is settled. */
  readonly call: Pick<CostReport, "resource" | "server" | "root" | "sid">;
}

/** What a call has taken. */
export interface Spent {
  readonly keys: readonly string[];
  /** Where money was reserved: what is stored with the record of the call, and settled by its id. */
  readonly report?: CostReport;
  /** Gives everything back, where the call is refused after all. */
  giveBack(): Promise<void>;
}

const nothing: Spent = { keys: [], giveBack: async () => {} };

/**
 * Takes one call, and the most that it can cost, from every budget it must fit: one conditional update after the other,
 * outermost first, before anything is granted. Where one does not fit, the former ones are given back. Between two of
 * them a function may die: then what it took is lost, and no call was made for it. So a budget is never exceeded, and
 * perhaps not quite used up (threat 60).
 *
 * Without a budget nothing is read and nothing is written.
 * @returns what was taken, or `budget_spent`, `cost_required` where money is bounded and no cost in its currency was
 * named, `budgets_many`
 */
export async function spend({ levels, cost, call }: Spending, ports: SpendPorts): Promise<Result<Spent, Denial>> {
  if (levels.length === 0) return ok(nothing);
  const unpriced = levels.find(({ bounds }) => bounds.money && bounds.money.currency !== cost?.currency);
  if (unpriced?.bounds.money)
    return err({ code: "cost_required", budget: unpriced.name, currency: unpriced.bounds.money.currency });
  const at = nowSeconds(ports.clock);
  const chance = { cost, nowSeconds: at, chance: chanceOf(ports.ids) };
  const charges = levels.flatMap((level) => chargesOf(level, withoutUndefined(chance)));
  if (charges.length > limits.budgetRows)
    return err({ code: "budgets_many", rows: charges.length, limit: limits.budgetRows });
  const taken: LevelCharge[] = [];
  for (const charge of charges) {
    const fits = await ports.budgets.take(charge);
    if (!fits.ok) {
      await giveBack(taken, ports);
      return err(spentDenial(charge, fits.error));
    }
    taken.push(charge);
  }
  const report = cost && reportOf({ cost, call, charges }, ports.ids.id());
  return ok({
    keys: charges.map(({ key }) => key),
    ...(report ? { report } : {}),
    giveBack: () => giveBack(taken, ports),
  });
}

const withoutUndefined = ({ cost, ...rest }: { cost: Money | undefined; nowSeconds: number; chance: number }) =>
  cost ? { ...rest, cost } : rest;

/** Takes nothing where nothing was taken: an empty transaction is refused. */
async function giveBack(taken: readonly LevelCharge[], { budgets }: Pick<SpendPorts, "budgets">): Promise<void> {
  if (taken.length > 0) await budgets.giveBack(taken);
}

/** A number that nobody can foresee, from an id. */
const chanceOf = (ids: Ids): number => Buffer.from(ids.id(), "base64url").readUInt32BE(0);

/** What does not fit: the money where it is short, otherwise the calls. */
function spentDenial({ level, money, endsAtSeconds }: LevelCharge, left: BudgetLeft): Denial {
  const short = money && left.money !== undefined && left.money < money.by;
  return {
    code: "budget_spent",
    budget: level.name,
    of: level.of,
    what: short ? money.currency : "calls",
    left: (short ? left.money : left.calls) ?? 0,
    renewsAtSeconds: endsAtSeconds,
  };
}

/** The report of a reservation; none where no budget bounds money. */
function reportOf(
  { cost, call, charges }: { cost: Money; call: Spending["call"]; charges: readonly LevelCharge[] },
  id: string,
): CostReport | undefined {
  const rows = charges.flatMap(({ key, money, endsAtSeconds }) =>
    money ? [{ key, most: money.most, endsAtSeconds }] : [],
  );
  if (rows.length === 0) return undefined;
  const last = Math.max(...rows.map(({ endsAtSeconds }) => endsAtSeconds));
  return { id, ...call, reserved: cost, rows, expiresAtSeconds: last + limits.budgetKeptSeconds };
}
