import { limits } from "../../model/limits.ts";
import { ancestorsOf, type Session } from "../../model/session.ts";
import { subjects } from "../../model/subjects.ts";
import type { SessionQueries, TreeRow } from "./session-queries.ts";

/** A tree as far as it is read. */
export interface WholeTree {
  readonly rows: readonly TreeRow[];
  readonly sessions: readonly Session[];
  /** True when the tree has more rows than one answer reads. */
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

/** Eldest first, so that a parent always comes before its children. */
const byDepth = (a: Session, b: Session): number =>
  a.depth - b.depth || a.createdAtSeconds - b.createdAtSeconds || (a.sid < b.sid ? -1 : 1);

/**
 * The liveness subjects that a session of a chain adds to those it inherits. Its agent and principal are in the row of
 * every session below it, its build only in its own row.
 */
export const hangsOn = (below: Session, depth: number, row: Session | undefined): readonly string[] => [
  subjects.agent(below.actors[depth] ?? ""),
  subjects.principal(below.principal.id),
  ...(row?.build === undefined ? [] : [subjects.build(row.build)]),
];
