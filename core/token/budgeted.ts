import { checkCounted } from "../budgets/counted.ts";
import { readBounds } from "../budgets/read-bounds.ts";
import type { Denial } from "../denial/denial.ts";
import type { BudgetBounds } from "../model/budget.ts";
import { err, type Result } from "../model/result.ts";
import { budgetsBelow } from "./bounds.ts";
import type { Plan, PlanInput } from "./plan.ts";

const form = 'send {"calls":{"hour":10},"money":{"currency":"EUR","day":500}} or a part of it';

/**
 * Refuses a grant that a budget applies to where no call is counted: the budget of anybody in the chain, of the person,
 * or of a session above; and a budget for what is no new session, which could not be counted apart from it.
 * @returns nothing, or `budget_not_counted`, `parameter_invalid`
 */
export function checkBudgeted(
  plan: Plan,
  policies: readonly string[],
  { request, registry }: Pick<PlanInput, "request" | "registry">,
): Result<void, Denial> {
  const { principal, grants, to } = plan;
  const actors = to === undefined ? plan.actors : [...plan.actors, to];
  const above = plan.existing ?? plan.parent;
  const budget = request.budget === undefined ? undefined : readBounds(request.budget);
  if (request.budget !== undefined && !budget) return err({ code: "parameter_invalid", name: "budget", why: form });
  const { delegationRules = plan.delegationRules } = above ?? {};
  // the same request for a session that it opened before asks for the budget that the session has
  const isOwn = above?.budgets?.some(({ sid, ...own }) => sid === above.sid && same(own, budget)) === true;
  if (budget && plan.existing && !isOwn)
    return err({
      code: "parameter_invalid",
      name: "budget",
      why: "it is for a session that is opened by this request",
    });
  const { budgets } = budgetsBelow(above, budget, "");
  const session = {
    ...{ sid: "", principal, actors },
    ...(delegationRules ? { delegationRules } : {}),
    ...(budgets ? { budgets } : {}),
  };
  return checkCounted({ session, policies, resources: grants.map(({ resource }) => resource) }, registry);
}

const same = (one: BudgetBounds, other: BudgetBounds | undefined): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
