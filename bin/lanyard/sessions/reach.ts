import type { AdminTarget } from "../../../core/model/wire.ts";
import { askAll } from "../deployment/ask.ts";
import type { CommandContext } from "../deployment/context.ts";
import { table } from "../terminal/table.ts";
import { count, short, until } from "../terminal/words.ts";
import { type Reached, readReached } from "./shapes.ts";

/** Living sessions that depend on a subject. */
interface Reach {
  readonly ends: readonly Reached[];
  /** Roots of trees that are too large for one answer. */
  readonly cut: readonly string[];
  /** Whether there are more than were read. */
  readonly more: boolean;
}

/** Asks which living sessions depend on a subject. @param limit most of them @throws Refused */
export async function readReach(target: AdminTarget, context: CommandContext, limit?: number): Promise<Reach> {
  const [kind = "", id = ""] = Object.entries(target)[0] ?? [];
  const question = { path: "reach", query: { [kind]: id }, read: readReached };
  const { items, pages, more } = await askAll(context, limit === undefined ? question : { ...question, limit });
  const ends = [...new Map(items.map((item) => [item.sid, item])).values()];
  const cut = [...new Set(pages.flatMap((page) => (Array.isArray(page.cut) ? page.cut.map(String) : [])))];
  return { ends, cut, more };
}

/** Reached sessions as a table. */
export function reachTable(ends: readonly Reached[], columns: number | undefined): readonly string[] {
  const now = Math.floor(Date.now() / 1000);
  const shape = [
    { title: "SESSION", of: (row: Reached) => row.sid, whole: true },
    { title: "AGENT", of: (row: Reached) => short(row.agent) },
    { title: "FOR", of: (row: Reached) => short(row.principal) },
    { title: "HOP", of: (row: Reached) => String(row.depth) },
    { title: "ELSE ENDS", of: (row: Reached) => until(row.expiresAtSeconds, now) },
  ] as const;
  return ends.length === 0 ? [] : table(ends, shape, columns);
}

/** How many sessions, of how many agents, for how many principals. */
export function reachCount({ ends, cut, more }: Reach, verb: string): string {
  const agents = new Set(ends.map(({ agent }) => agent)).size;
  const principals = new Set(ends.map(({ principal }) => principal)).size;
  const those = ends.length === 0 ? "" : ` (${count(agents, "agent")}, for ${count(principals, "principal")})`;
  const open = more || cut.length > 0 ? "at least " : "";
  return `${open}${count(ends.length, "living session")} would ${verb}${those}`;
}

/**
 * Most sessions that are counted, and shown, before the question: nobody reads a longer list, and the question must not
 * wait.
 */
const countedMost = 1_000;
const shownMost = 10;

/**
 * What a change would affect, for the person who is asked to confirm it. This must not prevent a revocation: when
 * admin-read does not answer, or not to this caller, the lines say so.
 * @param verb what would happen to the sessions: `end`
 */
export async function reachLines(
  target: AdminTarget,
  verb: string,
  context: CommandContext,
): Promise<readonly string[]> {
  try {
    const reach = await readReach(target, context, countedMost);
    const left = reach.ends.length - shownMost;
    return [
      ...reachTable(reach.ends.slice(0, shownMost), context.terminal.columns),
      ...(left > 0 ? [`and ${left} more; --dry-run lists all of them`] : []),
      reachCount(reach, verb),
    ];
  } catch (cause) {
    return [`what it would reach is not known: ${cause instanceof Error ? cause.message : String(cause)}`];
  }
}
