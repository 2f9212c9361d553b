import { askAll } from "../deployment/ask.ts";
import type { CommandContext } from "../deployment/context.ts";
import { Usage } from "../terminal/outcome.ts";
import { type ListOptions, limitOf, showList } from "../terminal/output.ts";
import { count, short, until } from "../terminal/words.ts";
import { type Budget, readBudget } from "./shapes.ts";

/** Options of `budgets`. */
export interface BudgetsOptions extends ListOptions {
  readonly agent?: string;
  readonly principal?: string;
  readonly policy?: string;
  readonly session?: string;
  /** Only budgets of this name. */
  readonly name?: string;
  /** Only budgets that count calls of this resource. */
  readonly resource?: string;
  /** Only budgets that have nothing left of something. */
  readonly empty?: boolean;
}

/**
 * `budgets`: how budgets stand now, of an agent, a principal, a policy or a session; of all agents where none is named.
 * @throws Usage, Refused
 */
export async function runBudgets(options: BudgetsOptions, context: CommandContext): Promise<void> {
  const { trustDomain } = context.profile;
  const { agent, principal, policy, session, name, resource, empty = false } = options;
  const given = Object.entries({ agent, principal, policy, session }).filter(([, value]) => value !== undefined);
  if (given.length > 1) throw new Usage("name at most one of --agent, --principal, --policy, --session");
  const [kind = "deployment", value = trustDomain] = given[0] ?? [];
  const id = kind === "agent" && !value.includes("://") ? `spiffe://${trustDomain}/agent/${value}` : value;
  const { items, more } = await askAll(context, {
    path: "budgets",
    query: { [kind]: id },
    read: readBudget,
    limit: limitOf(options.limit),
    keep: (one) =>
      (name === undefined || one.name === name) &&
      (resource === undefined || (one.resources?.includes(resource) ?? true)) &&
      (!empty || rowsOf(one).some(({ left }) => left === 0)),
  });
  // whoever has sessions on several pages is listed on each of them
  const budgets = [...new Map(items.map((one) => [`${whoseOf(one)} ${one.name}`, one])).values()];
  const now = Math.floor(Date.now() / 1000);
  const forPeople = (table: readonly string[]) =>
    budgets.length === 0
      ? ["no such budget applies"]
      : [...table, `${count(budgets.length, "budget")}; sums are in the currency's smallest unit`];
  const rows = budgets.flatMap(rowsOf);
  const list = { name: "budgets", items: budgets, more, rows, shape: shapeOf(now), id: (one: Budget) => one.name };
  showList({ ...list, forPeople }, options, context.terminal);
}

/** A budget's line for one window and one thing that it bounds there. */
interface Row {
  readonly budget: Budget;
  readonly window: string;
  readonly what: string;
  readonly limit: number;
  readonly spent: number;
  readonly reserved: number;
  readonly left: number;
  readonly renewsAtSeconds: number;
}

function rowsOf(budget: Budget): readonly Row[] {
  return budget.windows.flatMap(({ window, renewsAtSeconds, calls, money }) => {
    const of = { budget, window, renewsAtSeconds };
    const { limitMinor: limit, spentMinor: spent, reservedMinor: reserved, leftMinor: left } = money ?? noMoney;
    return [
      ...(calls ? [{ ...of, what: "calls", ...calls, reserved: 0 }] : []),
      ...(money ? [{ ...of, what: money.currency, limit, spent, reserved, left }] : []),
    ];
  });
}

const noMoney = { limitMinor: 0, spentMinor: 0, reservedMinor: 0, leftMinor: 0 };

/** Whom a budget bounds, in a few words. */
function whoseOf({ of, agent = "", lending, policy, principal = "", session = "" }: Budget): string {
  if (of === "agent") return `agent ${short(agent)}`;
  return of === "session" ? `session ${session}` : `${short(principal)} by ${lending ?? policy ?? of}`;
}

const shapeOf = (now: number) => [
  { title: "BUDGET", of: ({ budget }: Row) => budget.name },
  { title: "OF", of: ({ budget }: Row) => whoseOf(budget), whole: true as const },
  { title: "EACH", of: ({ window }: Row) => window },
  { title: "WHAT", of: ({ what }: Row) => what },
  { title: "LIMIT", of: ({ limit }: Row) => String(limit) },
  { title: "SPENT", of: ({ spent }: Row) => String(spent) },
  { title: "RESERVED", of: ({ reserved }: Row) => String(reserved) },
  { title: "LEFT", of: ({ left }: Row) => String(left) },
  { title: "RENEWS", of: ({ renewsAtSeconds }: Row) => until(renewsAtSeconds, now), least: 12 },
];
