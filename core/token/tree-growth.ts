import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Offer, Session } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import type { SessionStore } from "../session/store.ts";

/** What is about to be stored in a tree. */
export type Growth = { readonly child: Session } | { readonly offer: Offer };

/**
 * Bounds what one tree may grow by in a quarter of an hour (threat 34): whatever ends a tree, or tells what an end reaches,
 * reads the tree, and its agents must not decide how long that takes. Children are bounded by the registration of the
 * agent that opened the tree, offers and bytes along with them.
 * @returns `tree_full`
 */
export async function growTree(
  growth: Growth,
  registry: RegistrySnapshot,
  store: Pick<SessionStore, "growTree">,
): Promise<Result<void, Denial>> {
  const child = "child" in growth;
  const { root, actors } = child ? growth.child : growth.offer.from;
  const children = registry.agent(actors[0] ?? "")?.maxChildren ?? limits.treeChildren;
  const bytes = Buffer.byteLength(JSON.stringify(child ? growth.child : growth.offer));
  const most = { children, offers: limits.treeOffersPerChild * children, bytes: limits.treeBytes };
  const within = await store.growTree(root, { children: child ? 1 : 0, offers: child ? 0 : 1, bytes }, most);
  return within ? ok(undefined) : err({ code: "tree_full", root, children });
}
