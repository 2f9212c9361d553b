import type { Told } from "./observation.ts";
import { type AgentName, chainOf, lineage, type ModelSession, type State } from "./state.ts";

/** What budgets say, once more and by hand: at payments alone calls are counted, so there alone they bound. */

/** A budget of the programs, by whom it counts for. */
interface Level {
  readonly of: "person" | "agent" | "policy" | "session";
  readonly name: string;
  readonly who: string;
  readonly calls?: { readonly day?: number; readonly hour?: number };
  /** Cents a day. */
  readonly cents?: number;
}

/** What a session may be opened with. */
export const sessionBudget = { calls: { hour: 2 }, money: { currency: "EUR", day: 300 } } as const;

const currency = "EUR";
const windows = { day: 86_400, hour: 3_600 } as const;

/** Every budget that a call of this session must fit, outermost first. */
function levelsOf(state: State, id: number): readonly Level[] {
  const { principal } = state.sessions[id] as ModelSession;
  const isPerson = principal === "ada" || principal === "bob";
  const agents = [...new Set(chainOf(state, id).toReversed())];
  const opened = lineage(state, id).toReversed();
  return [
    ...(isPerson ? [{ of: "person", name: "lent", who: principal, calls: { day: 6 } } as const] : []),
    ...agents.filter((agent: AgentName) => agent === "planner").map((agent) => plannerLevel(state, agent)),
    { of: "policy", name: "pay", who: principal, calls: { hour: 4 } },
    ...opened
      .filter(({ budgeted }) => budgeted !== undefined)
      .map(
        ({ budgeted }): Level => ({
          of: "session",
          name: "session",
          who: `${budgeted}`,
          calls: { hour: 2 },
          cents: 300,
        }),
      ),
  ];
}

const plannerLevel = (state: State, who: AgentName): Level => ({
  ...{ of: "agent", name: "send", who, cents: 1_000 },
  calls: { hour: state.published.sends },
});

/** One row of a budget, and what a call takes from it. */
interface Taking {
  readonly level: Level;
  readonly row: string;
  readonly endsSeconds: number;
  readonly calls?: number;
  readonly cents?: number;
}

const takingsOf = (state: State, level: Level): readonly Taking[] =>
  (["day", "hour"] as const).flatMap((window) => {
    const calls = level.calls?.[window];
    const cents = window === "day" ? level.cents : undefined;
    if (calls === undefined && cents === undefined) return [];
    const nth = Math.floor(state.nowSeconds / windows[window]);
    return {
      level,
      row: `${level.of} ${level.name} ${level.who} ${window} ${nth}`,
      endsSeconds: (nth + 1) * windows[window],
      ...(calls === undefined ? {} : { calls }),
      ...(cents === undefined ? {} : { cents }),
    };
  });

/** What a call would cost at most, as its server says. */
export interface Cost {
  readonly amount: number;
  readonly currency: string;
}

/** What was taken, or what the server is told of the first budget that does not fit. */
type Spent = { readonly ok: true; readonly reserved: readonly Taking[] } | { readonly ok: false; readonly told: Told };

/** Takes one call from every budget, or from none. */
export function spend(state: State, session: number, cost: Cost | undefined): Spent {
  const levels = levelsOf(state, session);
  const unpriced = levels.find(({ cents }) => cents !== undefined && cost?.currency !== currency);
  if (unpriced) return { ok: false, told: { error: "cost_required", budget: unpriced.name } };
  const takings = levels.flatMap((level) => takingsOf(state, level));
  const amount = cost?.amount ?? 0;
  for (const taking of takings) {
    const { level, row, calls, cents, endsSeconds } = taking;
    const held = state.spent[row] ?? { calls: 0, cents: 0, emptied: false };
    const left = { calls: leftOf(calls, held.calls, held), cents: leftOf(cents, held.cents, held) };
    const isShort = cents !== undefined && left.cents < amount;
    if (!held.emptied && !isShort && (calls === undefined || left.calls >= 1)) continue;
    const what = isShort ? { what: currency, left: left.cents } : { what: "calls", left: left.calls };
    return {
      ok: false,
      told: { error: "budget_spent", budget: level.name, of: level.of, ...what, renews: endsSeconds },
    };
  }
  for (const { row, calls, cents } of takings)
    add(state, row, { calls: calls === undefined ? 0 : 1, cents: cents === undefined ? 0 : amount });
  return { ok: true, reserved: cost ? takings.filter(({ cents }) => cents !== undefined) : [] };
}

const leftOf = (most: number | undefined, spent: number, { emptied }: { readonly emptied: boolean }): number =>
  most === undefined || emptied ? 0 : Math.max(0, most - spent);

function add(state: State, row: string, by: { readonly calls: number; readonly cents: number }): void {
  const held = state.spent[row] ?? { calls: 0, cents: 0, emptied: false };
  state.spent[row] = { ...held, calls: held.calls + by.calls, cents: held.cents + by.cents };
}

/** Keeps what was reserved, for the server to settle. */
export function reserve(
  state: State,
  step: number,
  {
    server,
    cost,
    rows,
  }: {
    readonly server: AgentName;
    readonly cost: Cost;
    readonly rows: readonly Taking[];
  },
): void {
  const last = Math.max(...rows.map(({ endsSeconds }) => endsSeconds));
  state.reports[step] = {
    ...{ server, reserved: cost.amount, keptSeconds: last + 86_400 },
    rows: rows.map(({ row, endsSeconds }) => ({ row, endsSeconds })),
  };
}

/**
 * What a call did cost: what was reserved beyond it goes back as long as the window lasts; more than that empties the
 * budgets. The same word again is the same answer, another one is refused.
 * @returns by how much it exceeds what was reserved; nothing where it is refused
 */
export function settle(state: State, report: number, { by, cost }: { readonly by: AgentName; readonly cost: Cost }) {
  const held = state.reports[report];
  if (held?.server !== by || held.keptSeconds <= state.nowSeconds || cost.currency !== currency) return undefined;
  const more = cost.amount - held.reserved;
  if (held.settled !== undefined) return held.settled === cost.amount ? Math.max(0, more) : undefined;
  held.settled = cost.amount;
  for (const { row, endsSeconds } of more === 0 ? [] : held.rows) {
    if (endsSeconds <= state.nowSeconds) continue;
    add(state, row, { calls: 0, cents: more });
    const now = state.spent[row];
    if (now && more > 0) now.emptied = true;
  }
  return Math.max(0, more);
}
