import { limits } from "../model/limits.ts";
import { loginEpochs, loginsOf } from "../model/login.ts";
import { epochOf } from "../session/liveness.ts";
import type { LivenessQuery, LivenessRows } from "../session/store.ts";
import type { ReachedSession, ReachStore } from "./reach.ts";
import type { Revoked } from "./revoked.ts";

/** What finding siblings reads. */
interface SiblingStore extends ReachStore {
  readLiveness(query: LivenessQuery): Promise<LivenessRows>;
}

/**
 * The other roots of a login that was denylisted with a revoked one (threat 32): the same write ended them, and the
 * receivers of their resources must be told of each by its own id. They are searched here, after they have ended; at
 * most `limits.eventTrees` of them.
 * @returns the revocation as it concerns each of them; none for a child, or for a session that an agent ended itself
 */
export async function siblingsOf(
  revoked: Revoked,
  store: SiblingStore,
  nowSeconds: number,
): Promise<readonly Revoked[]> {
  if (revoked.kind !== "session" || revoked.by !== "admin") return [];
  const login = (await rootOf(revoked.id, store))?.login;
  if (!login) return [];
  const roots = new Set<string>();
  for (const subject of new Set([...loginEpochs(login), login.any]))
    for await (const { root } of store.sessions(subject, nowSeconds))
      if (root !== revoked.id && roots.size < limits.eventTrees) roots.add(root);
  const dead = await Promise.all([...roots].map((root) => diedWithLogin(root, store)));
  return [...roots].flatMap((root, n) => (dead[n] ? [{ ...revoked, id: root, root }] : []));
}

/** Whether a root has no tombstone of its own but ended with its login. */
export async function diedWithLogin(id: string, store: SiblingStore): Promise<boolean> {
  const root = await rootOf(id, store);
  const logins = loginsOf(root?.epochs ?? {});
  if (!root || logins.length === 0) return false;
  const rows = await store.readLiveness({ tombstones: [], subjects: logins });
  if (!rows.complete) throw new Error("what is revoked stayed unread");
  return logins.some((subject) => epochOf(rows, subject).epoch > (root.epochs[subject] ?? 0));
}

const rootOf = async (id: string, store: ReachStore): Promise<ReachedSession | undefined> =>
  (await store.tree(id)).find(({ root, sid }) => root === id && sid === id);
