/** What a session, and everything below it, may spend in each hour and day of UTC (docs/budgets.md). */
export interface SessionBudget {
  /** Calls that the decision point or introspection says yes to. */
  readonly calls?: { readonly hour?: number; readonly day?: number };
  /** Sums in the currency's smallest unit: cents and not euros. */
  readonly money?: { readonly currency: string; readonly hourMinor?: number; readonly dayMinor?: number };
}

/** A budget as the token endpoint takes it, which refuses one that it cannot read. */
export function budgetText({ calls, money }: SessionBudget): string {
  const { currency, hourMinor: hour, dayMinor: day } = money ?? { currency: "" };
  return JSON.stringify({ ...(calls ? { calls } : {}), ...(money ? { money: { currency, hour, day } } : {}) });
}
