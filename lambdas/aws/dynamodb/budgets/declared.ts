import type { Budget, BudgetBounds, SessionBudget } from "../../../../core/model/budget.ts";
import { list, members, optional, text, whole } from "../codec.ts";

const perWindow = { hour: optional(whole), day: optional(whole) } as const;
const bounds = {
  calls: optional(members<NonNullable<Budget["calls"]>>(perWindow)),
  money: optional(members<NonNullable<Budget["money"]>>({ currency: text, ...perWindow })),
} as const;

/** Decodes what an offer, or a request that waits for people, bounds. */
export const budgetBounds = members<BudgetBounds>(bounds);

/** Decodes a budget of a registration. */
export const budget = members<Budget>({
  name: text,
  resources: optional(list(text)),
  ...bounds,
  shards: optional(whole),
});

/** Decodes a budget that a session was opened with. */
export const sessionBudget = members<SessionBudget>({ sid: text, ...bounds });
