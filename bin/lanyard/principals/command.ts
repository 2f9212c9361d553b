import { askAll } from "../deployment/ask.ts";
import type { CommandContext } from "../deployment/context.ts";
import type { ListOptions } from "../terminal/output.ts";
import { limitOf, showList } from "../terminal/output.ts";
import { count, short, until } from "../terminal/words.ts";
import { type Principal, readPrincipal } from "./shapes.ts";

/** `principals`: who delegates authority now, and the agents that act on it. @throws Refused */
export async function runPrincipals(options: ListOptions, context: CommandContext): Promise<void> {
  const limit = limitOf(options.limit);
  const { items } = await askAll(context, { path: "principals", read: readPrincipal });
  // a principal's sessions may be on any page, so it is complete only after all pages are read
  const all = merged(items);
  const principals = all.slice(0, limit);
  const isTable = !options.json && (options.output ?? "table") === "table";
  if (isTable && principals.length === 0) return context.terminal.out("nobody lends any authority now");
  const now = Math.floor(Date.now() / 1000);
  const rows = principals.flatMap(({ id, kind, agents }) => agents.map((held) => ({ id, kind, ...held })));
  type Row = (typeof rows)[number];
  const shape = [
    { title: "PRINCIPAL", of: (row: Row) => short(row.id), whole: true },
    { title: "KIND", of: (row: Row) => row.kind },
    { title: "AGENT", of: (row: Row) => short(row.agent) },
    { title: "SESSIONS", of: (row: Row) => String(row.sessions) },
    { title: "HOPS", of: (row: Row) => String(row.deepest) },
    { title: "SCOPES", of: (row: Row) => row.scopes.join(" ") },
    { title: "LAST ENDS", of: (row: Row) => until(row.lastEndsAtSeconds, now) },
  ] as const;
  const counted = `${count(principals.length, "principal")}, ${count(
    rows.reduce((sum, row) => sum + row.sessions, 0),
    "session",
  )}`;
  const more = all.length > principals.length;
  const forPeople = (lines: readonly string[]) => [...lines, counted];
  const list = { name: "principals", items: principals, more, rows, shape, id: (one: { id: string }) => one.id };
  showList({ ...list, forPeople }, options, context.terminal);
}

/** Merges the pages: one principal may be on several, with other agents or more sessions of the same agent. */
function merged(pages: readonly Principal[]): readonly Principal[] {
  return [...Map.groupBy(pages, ({ id }) => id)].map(([id, of]) => ({
    id,
    kind: of[0]?.kind ?? "person",
    agents: [
      ...Map.groupBy(
        of.flatMap(({ agents }) => agents),
        ({ agent }) => agent,
      ),
    ].map(([agent, held]) => ({
      agent,
      sessions: held.reduce((sum, { sessions }) => sum + sessions, 0),
      deepest: Math.max(...held.map(({ deepest }) => deepest)),
      scopes: [...new Set(held.flatMap(({ scopes }) => scopes))].sort(),
      lastEndsAtSeconds: Math.max(...held.map(({ lastEndsAtSeconds }) => lastEndsAtSeconds)),
    })),
  }));
}
