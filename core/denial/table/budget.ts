import type { BudgetShort, BudgetWindow } from "../../model/budget.ts";
import { limits } from "../../model/limits.ts";
import { badRequest, badTarget, forbidden, type Rows } from "../row.ts";

/** Refusals about what may be spent. */
export type BudgetDenial =
  | ({ readonly code: "budget_spent" } & BudgetShort)
  | { readonly code: "cost_required"; readonly budget: string; readonly currency: string }
  | { readonly code: "report_unknown" }
  | { readonly code: "report_settled"; readonly settled: number; readonly currency: string }
  | { readonly code: "cost_exceeds"; readonly reserved: number; readonly cost: number; readonly currency: string }
  | { readonly code: "budgets_many"; readonly rows: number; readonly limit: number }
  | {
      readonly code: "budget_exceeds";
      /** `calls`, or the currency whose smallest unit is counted. */
      readonly what: string;
      readonly window: BudgetWindow;
      readonly requested: number;
      readonly allowed: number;
    }
  | { readonly code: "budget_not_counted"; readonly budget: string; readonly resource: string };

const at = (seconds: number) => `${new Date(seconds * 1_000).toISOString().slice(0, 19)}Z`;

/** What auditors and callers are told of each. */
export const budgetDenials: Rows<BudgetDenial> = {
  budget_spent: {
    rule: "a call fits every budget of its person, its agents, its policies and its sessions (threat 60)",
    missing: (d) => `of budget ${d.budget} (${d.of}): ${d.left} ${d.what} left until ${at(d.renewsAtSeconds)}`,
    // no 429: whoever waits a second finds nothing new
    answer: forbidden(
      (d) => `budget ${d.budget} of the ${d.of} has ${d.left} ${d.what} left; it renews at ${at(d.renewsAtSeconds)}`,
    ),
  },
  cost_required: {
    rule: "where money is bounded, whoever serves the call says the most that it can cost",
    missing: (d) => `a cost in ${d.currency}, for budget ${d.budget}`,
    answer: badRequest((d) => `say the most that the call can cost, in ${d.currency}`),
  },
  report_unknown: {
    rule: "what was reserved for a call is settled by the server of its resource, within a day of its window's end",
    missing: "a report of this server",
    answer: badRequest("there is no such report of a call to this server"),
  },
  report_settled: {
    rule: "what was reserved for a call is settled once",
    missing: (d) => `a report that is not settled; this one is, at ${d.settled} ${d.currency}`,
    answer: badRequest((d) => `the report was settled at ${d.settled} ${d.currency}`),
  },
  cost_exceeds: {
    rule: "a call costs no more than its server said before it (threat 60)",
    missing: (d) => `${d.cost - d.reserved} ${d.currency} that nobody reserved: ${d.reserved} were, ${d.cost} it cost`,
    answer: forbidden("the call cost more than was reserved for it"),
  },
  budgets_many: {
    rule: `a call takes from at most ${limits.budgetRows} rows of budgets`,
    missing: (d) => `fewer budgets along this chain: they have ${d.rows} rows`,
    answer: forbidden("there are too many budgets along this chain"),
  },
  budget_exceeds: {
    rule: "a session's or offer's budget is no wider than those of the sessions above it and of the offer it redeems",
    missing: (d) => `at most ${d.allowed} ${d.what} in each ${d.window}; ${d.requested} were asked for`,
    answer: badRequest((d) => `ask for at most ${d.allowed} ${d.what} in each ${d.window}`),
  },
  budget_not_counted: {
    rule: "a budget holds only where every call is counted: at resources that introspect, or whose tools are decided",
    missing: (d) => `that ${d.resource} introspects, or declares its tools, for budget ${d.budget}`,
    answer: badTarget((d) => `calls are not counted at ${d.resource}, and a budget applies`),
  },
};
