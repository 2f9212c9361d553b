import type { Session } from "../../model/session.ts";
import type { SessionQueries } from "./session-queries.ts";
import { readWholeTree } from "./whole-tree.ts";

/**
 * Most sessions of whole trees on one page. An agent may fill the purpose and scopes of each, and with a page too large
 * to be answered it could hide from operators.
 */
export const treeSessionsAPage = 400;

/** Whole trees of one page's sessions. */
interface Trees {
  readonly sessions: readonly Session[];
  /** Roots of trees that are too large for any page. */
  readonly cut: readonly string[];
  /** The last session of the page whose tree was read; absent when that is the page's last session. */
  readonly stoppedAt?: Session;
}

/**
 * Reads the trees of sessions, each tree once, until a page is full.
 * @param page sessions in the order of the page
 */
export async function treesOf(page: readonly Session[], queries: SessionQueries): Promise<Trees> {
  const seen = new Set<string>();
  const sessions: Session[] = [];
  const cut: string[] = [];
  for (const [at, { root }] of page.entries()) {
    if (seen.has(root)) continue;
    const tree = await readWholeTree(root, queries);
    const tooLarge = tree.cut || tree.sessions.length > treeSessionsAPage;
    const before = at === 0 ? undefined : page[at - 1];
    if (!tooLarge && before && sessions.length + tree.sessions.length > treeSessionsAPage)
      return { sessions, cut, stoppedAt: before };
    seen.add(root);
    if (tooLarge) cut.push(root);
    else sessions.push(...tree.sessions);
  }
  return { sessions, cut };
}
