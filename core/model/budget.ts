/** A sum of money, in the smallest unit of its currency (ISO 4217): cents, not euros. */
export interface Money {
  readonly minor: number;
  readonly currency: string;
}

/** The spans of UTC in which a budget is counted, the wider first: a whole day and a whole hour. */
export const budgetWindows = ["day", "hour"] as const;

/** A span of UTC in which a budget is counted. */
export type BudgetWindow = (typeof budgetWindows)[number];

/** The most in each window; a window that is left out has no bound of its own. */
type PerWindow = { readonly [W in BudgetWindow]?: number };

/** What may be spent at resources, in calls and in money. It only ever narrows: whatever is permitted must fit it too. */
export interface BudgetBounds {
  /** Calls that the decision point or introspection said yes to. */
  readonly calls?: PerWindow;
  /** Sums in the currency's smallest unit, reserved before a call and settled after it. */
  readonly money?: PerWindow & { readonly currency: string };
}

/** Whose spending a budget bounds. */
export type BudgetOwner = "person" | "agent" | "policy" | "session";

/** A budget that has no room for a call. */
export interface BudgetShort {
  readonly budget: string;
  readonly of: BudgetOwner;
  /** `calls`, or the currency whose smallest unit is counted. */
  readonly what: string;
  readonly left: number;
  readonly renewsAtSeconds: number;
}

/** A budget as it is declared. */
export interface Budget extends BudgetBounds {
  /** Unique among the budgets beside it. */
  readonly name: string;
  /** URIs of the resources it counts; every resource when it is left out. */
  readonly resources?: readonly string[];
  /**
   * Rows that its limit is divided among, where one row is too hot. A call takes from one of them by chance, so that it
   * may be refused while another row still has something: early, never late.
   */
  readonly shards?: number;
}

/** A session's own budget, which counts what it and everything below it spend. */
export interface SessionBudget extends BudgetBounds {
  /** The session that was opened with it. */
  readonly sid: string;
}

/**
 * One unit to take from one row of table Budgets: a call, a sum, or both, each within the most the row may hold. A row
 * holds one budget of one scope in one window.
 */
export interface BudgetCharge {
  readonly key: string;
  readonly calls?: { readonly by: number; readonly most: number };
  readonly money?: { readonly by: number; readonly most: number; readonly currency: string };
  /** When the window is over, and the next one begins. */
  readonly endsAtSeconds: number;
}

/** What was reserved for one call, as stored in table Budgets under `report#<id>` until it is settled. */
export interface CostReport {
  readonly id: string;
  /** The resource the call was for, and SPIFFE ID of the agent that serves it: nobody else settles. */
  readonly resource: string;
  readonly server: string;
  /** The session the call was made in. */
  readonly root: string;
  readonly sid: string;
  readonly reserved: Money;
  /** The rows it was reserved in, each with the most it may hold and the end of its window. */
  readonly rows: readonly { readonly key: string; readonly most: number; readonly endsAtSeconds: number }[];
  /** When it is forgotten; until then it may be settled. */
  readonly expiresAtSeconds: number;
  /** What the call cost in the end, once that was told. */
  readonly settled?: number;
}
