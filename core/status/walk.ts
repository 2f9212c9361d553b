import { limits } from "../limits.ts";
import { type Clock, nowSeconds } from "../ports.ts";
import { ancestorsOf } from "../session/model.ts";
import type { Due, ListedSession, PublishStore } from "./publish-store.ts";
import { openWindows, statusListOf } from "./windows.ts";

/** What walking stands on. */
export interface WalkDeps {
  readonly clock: Clock;
  readonly store: PublishStore;
}

/** Trees walked at the same time. */
const walksAtOnce = 8;

/**
 * Sets the bits of everything a change ends.
 * @param touched gets every list that changed
 * @returns whether the answer was strongly consistent, so that nothing has to be looked at again
 */
export async function walk(
  change: Due["change"],
  touched: Set<string>,
  deps: WalkDeps,
): Promise<{ readonly settled: boolean }> {
  if (change.kind === "tombstone") {
    const { sid } = change;
    const tree = await deps.store.tree(change.root);
    const known = tree.some((session) => session.sid === sid);
    const root = known ? undefined : await deps.store.rootOf(sid);
    const ended = (root === undefined ? tree : await deps.store.tree(root)).filter(
      (session) => session.sid === sid || ancestorsOf(session).includes(sid),
    );
    await setBits(ended, touched, deps);
    return { settled: ended.some((session) => session.sid === sid) };
  }
  const { subject, generation } = change;
  const walked = new Set<string>();
  let batch: string[] = [];
  const flush = async () => {
    const trees = await Promise.all(batch.map((root) => deps.store.tree(root)));
    batch = [];
    // a session under a revoked agent carries that agent's generation, however far below it stands
    const ended = trees.flat().filter((session) => (session.generations[subject] ?? generation) < generation);
    await setBits(ended, touched, deps);
  };
  for await (const root of deps.store.roots(subject, nowSeconds(deps.clock))) {
    if (walked.has(root)) continue;
    walked.add(root);
    batch.push(root);
    if (batch.length === walksAtOnce) await flush();
  }
  await flush();
  return { settled: false };
}

async function setBits(sessions: readonly ListedSession[], touched: Set<string>, deps: WalkDeps): Promise<void> {
  const alive = sessions.filter((session) => session.expiresAtSeconds > nowSeconds(deps.clock));
  const lists = Map.groupBy(alive, (session) => session.status.list);
  for (const [list, ended] of lists) {
    await deps.store.revoke(
      list,
      ended.map((session) => session.status.idx),
    );
    touched.add(list);
  }
}

/** Every position leased so far is over: no session needs to be looked for. New leases stand above them. */
export async function cutDeployment(generation: number, touched: Set<string>, deps: WalkDeps): Promise<void> {
  const { store } = deps;
  if (generation <= (await store.handledDeployment())) return;
  for (const window of openWindows(nowSeconds(deps.clock))) {
    const leased = await store.leased(window);
    for (let from = 0; from < leased; from += limits.statusListSize) {
      const { list } = statusListOf(window, from);
      await store.revokeBelow(list, Math.min(leased - from, limits.statusListSize));
      touched.add(list);
    }
  }
  await store.setHandledDeployment(generation);
}
