import { limits } from "../../model/limits.ts";
import { ancestorsOf, type Session } from "../../model/session.ts";
import { subjects } from "../../model/subjects.ts";
import type { SessionQueries, TreeRow } from "./session-queries.ts";

/** A tree as far as it is read. */
export interface WholeTree {
  readonly rows: readonly TreeRow[];
  readonly sessions: readonly Session[];
  /** True when it has more rows than are read at a time. */
  readonly cut: boolean;
}

/** Reads a tree, at most `limits.adminTreeRows` of it. */
export async function readWholeTree(root: string, queries: SessionQueries): Promise<WholeTree> {
  const rows: TreeRow[] = [];
  let after: string | undefined;
  do {
    const page = await queries.tree(root, after, Math.min(1_000, limits.adminTreeRows - rows.length));
    rows.push(...page.rows);
    after = page.next;
  } while (after !== undefined && rows.length < limits.adminTreeRows);
  const sessions = rows.flatMap((row) => (row.kind === "session" ? [row.session] : []));
  return { rows, sessions, cut: after !== undefined };
}

/** Ids from the root down to a session, itself the last. */
export const chainOf = (session: Session): readonly string[] => [...ancestorsOf(session), session.sid];

/** A session and everything below it, root first. */
export const atOrBelow = (sessions: readonly Session[], sid: string): readonly Session[] =>
  sessions.filter((session) => chainOf(session).includes(sid)).sort(byDepth);

/** Eldest first, so that a parent always stands before its children. */
const byDepth = (a: Session, b: Session): number =>
  a.depth - b.depth || a.createdAtSeconds - b.createdAtSeconds || (a.sid < b.sid ? -1 : 1);

/**
 * What the session at one depth of a chain hangs on itself, unlike what it inherited from above: its agent and principal
 * stand in every session below it, its build in its own row alone.
 */
export const hangsOn = (below: Session, depth: number, row: Session | undefined): readonly string[] => [
  subjects.agent(below.actors[depth] ?? ""),
  subjects.principal(below.principal.id),
  ...(row?.build === undefined ? [] : [subjects.build(row.build)]),
];
