import type { Session } from "../../model/session.ts";
import type { SessionQueries } from "./session-queries.ts";
import { readWholeTree } from "./whole-tree.ts";

/**
 * Sessions of whole trees that one page holds. An agent may fill the purpose and scopes of each, and a page too large to be
 * answered would blind whoever looks for it.
 */
export const treeSessionsAPage = 400;

/** Whole trees of one page's sessions. */
interface Trees {
  readonly sessions: readonly Session[];
  /** Roots of trees that are too large for any page. */
  readonly cut: readonly string[];
  /** The last session of the page whose tree was looked at; absent where it is the page's last. */
  readonly stoppedAt?: Session;
}

/**
 * Reads the trees that sessions stand in, each once, until a page is full.
 * @param page in the order of the page
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
