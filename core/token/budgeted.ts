import { checkCounted } from "../budgets/counted.ts";
import { readBounds } from "../budgets/read-bounds.ts";
import type { Denial } from "../denial/denial.ts";
import { type BudgetBounds, budgetWindows } from "../model/budget.ts";
import { err, ok, type Result } from "../model/result.ts";
import { budgetsBelow } from "./bounds.ts";
import type { Plan, PlanInput } from "./plan.ts";

const form = 'send {"calls":{"hour":10},"money":{"currency":"EUR","day":500}} or a part of it';

const invalid = (why: string) => err({ code: "parameter_invalid", name: "budget", why } as const);

/** What a budget is decided by, beside the request. */
interface Budgeted {
  readonly plan: Plan;
  /** The budget of the offer that is redeemed. */
  readonly offered: BudgetBounds | undefined;
  /** Names of the policies that permit it. */
  readonly policies: readonly string[];
}

/**
 * Bounds what is planned by the budget that the request asks for and the one of the offer it redeems: an offer's child
 * has the narrower of both in each window, and neither is wider than a budget of a session above. Refuses a budget for
 * what is no new session and no offer, which could not be counted apart from it; and a grant that any budget applies to
 * where no call is counted: of anybody in the chain, of the person, or of a session above.
 * @returns the plan with its own budget, or `parameter_invalid`, `budget_exceeds`, `budget_not_counted`
 */
export function boundBudget(
  { plan, offered, policies }: Budgeted,
  { request, registry }: Pick<PlanInput, "request" | "registry">,
): Result<Plan, Denial> {
  const { principal, grants, to } = plan;
  const above = plan.existing ?? plan.parent;
  const asked = request.budget === undefined ? undefined : readBounds(request.budget);
  if (request.budget !== undefined && !asked) return invalid(form);
  const own = narrowed(asked, offered);
  if (!own.ok) return own;
  const isNew = plan.existing === undefined || to !== undefined;
  // the same request for a session that it opened before asks for the budget that the session has
  if (asked && !isNew && !holds(plan, own.value))
    return invalid("it is for an offer, or for a session that is opened by this request");
  for (const bound of isNew ? (above?.budgets ?? []) : []) {
    const within = narrowed(own.value, bound);
    if (!within.ok) return within;
  }
  const budget = isNew ? own.value : undefined;
  const { delegationRules = plan.delegationRules } = above ?? {};
  const session = {
    ...{ sid: "", principal, actors: to === undefined ? plan.actors : [...plan.actors, to] },
    ...(delegationRules ? { delegationRules } : {}),
    ...budgetsBelow(above, budget, ""),
  };
  const counted = checkCounted({ session, policies, resources: grants.map(({ resource }) => resource) }, registry);
  return counted.ok ? ok(budget ? { ...plan, budget } : plan) : counted;
}

/** Whether the existing session was opened with this budget. */
const holds = ({ existing }: Plan, budget: BudgetBounds | undefined): boolean =>
  existing?.budgets?.some(
    ({ sid, ...own }) => sid === existing.sid && JSON.stringify(own) === JSON.stringify(budget),
  ) === true;

/**
 * A budget below another one: in each window what it says itself, which is no more than above, or else what is said
 * above. Money of two currencies has no lesser.
 * @returns it, or `budget_exceeds`, `parameter_invalid`
 */
function narrowed(
  own: BudgetBounds | undefined,
  above: BudgetBounds | undefined,
): Result<BudgetBounds | undefined, Denial> {
  if (!own || !above) return ok(own ?? above);
  if (own.money && above.money && own.money.currency !== above.money.currency)
    return invalid(`money above it is bounded in ${above.money.currency}`);
  for (const [what, mine, most] of [
    ["calls", own.calls, above.calls],
    [above.money?.currency ?? "", own.money, above.money],
  ] as const)
    for (const window of budgetWindows) {
      const [requested, allowed] = [mine?.[window], most?.[window]];
      if (requested !== undefined && allowed !== undefined && requested > allowed)
        return err({ code: "budget_exceeds", what, window, requested, allowed });
    }
  const currency = (own.money ?? above.money)?.currency;
  const calls = merged(own.calls, above.calls);
  return ok({
    ...(calls ? { calls } : {}),
    ...(currency === undefined ? {} : { money: { currency, ...merged(own.money, above.money) } }),
  });
}

type Windows = NonNullable<BudgetBounds["calls"]>;

/** Each window as it is said first, in the order in which rows are read. */
function merged(own: Windows | undefined, above: Windows | undefined): Windows | undefined {
  if (!own && !above) return undefined;
  const [hour, day] = [own?.hour ?? above?.hour, own?.day ?? above?.day];
  return { ...(hour === undefined ? {} : { hour }), ...(day === undefined ? {} : { day }) };
}
