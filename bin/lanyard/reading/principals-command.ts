import type { Terminal } from "../outcome.ts";
import type { Profile } from "../profile.ts";
import { table } from "../table.ts";
import type { LookOptions } from "./agents-command.ts";
import { askAll } from "./ask.ts";
import { type Principal, shapes } from "./shapes.ts";
import { count, short, until } from "./words.ts";

/** `principals`: who lends authority now, beside the agents that act on it. @throws Refused */
export async function runPrincipals(options: LookOptions, profile: Profile, terminal: Terminal): Promise<void> {
  const { items } = await askAll(profile, "principals", {}, shapes.principal, terminal);
  const principals = merged(items);
  if (options.json) return terminal.out(JSON.stringify({ ok: true, principals }));
  if (principals.length === 0) return terminal.out("nobody lends any authority now");
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
  for (const line of table(rows, shape, terminal.columns)) terminal.out(line);
  terminal.out(
    `${count(principals.length, "principal")}, ${count(
      rows.reduce((sum, row) => sum + row.sessions, 0),
      "session",
    )}`,
  );
}

/** One principal may stand on several pages, with other agents or with more sessions of the same one. */
export function merged(pages: readonly Principal[]): readonly Principal[] {
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
