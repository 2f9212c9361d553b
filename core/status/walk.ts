import { limits } from "../model/limits.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";
import { ancestorsOf } from "../model/session.ts";
import type { Due, ListedSession, PublishStore } from "./publish-store.ts";
import { openWindows, statusListOf } from "./windows.ts";

/** What walking stands on. */
interface WalkDeps {
  readonly clock: Clock;
  readonly store: PublishStore;
}

/** Trees walked at the same time. */
const walksAtOnce = 32;

/**
 * Sets the bits of everything a change ends. Every read is strongly consistent and comes after the revocation was
 * written: a session it does not see is stored later, and then its issuer reads the revocation before it releases
 * anything (threat 6). So one walk is all of them.
 * @param touched gets every list that changed
 * @param onward called between two groups of trees: a busy agent's walk is long, and what it found need not wait for its end
 */
export async function walk(
  change: Due["change"],
  touched: Set<string>,
  deps: WalkDeps,
  onward: () => Promise<void> = async () => undefined,
): Promise<void> {
  if (change.kind === "tombstone") return walkTree(change, touched, deps);
  const { subject, epoch } = change;
  const walked = new Set<string>();
  let batch: string[] = [];
  const flush = async () => {
    const trees = await Promise.all(batch.map((root) => deps.store.tree(root)));
    batch = [];
    // a session under a revoked agent carries that agent's epoch, however far below it stands
    const ended = trees.flat().filter((session) => (session.epochs[subject] ?? epoch) < epoch);
    await setBits(ended, touched, deps);
  };
  for await (const { root } of deps.store.sessions(subject, nowSeconds(deps.clock))) {
    if (walked.has(root)) continue;
    walked.add(root);
    batch.push(root);
    if (batch.length < walksAtOnce) continue;
    await flush();
    await onward();
  }
  await flush();
}

async function walkTree(
  { root, sid }: Extract<Due["change"], { kind: "tombstone" }>,
  touched: Set<string>,
  deps: WalkDeps,
): Promise<void> {
  const tree = await deps.store.tree(root);
  const known = tree.some((session) => session.sid === sid);
  // whoever revoked may have known the id alone
  const found = known ? undefined : await deps.store.rootOf(sid);
  const sessions = found === undefined ? tree : await deps.store.tree(found);
  const ended = sessions.filter((session) => session.sid === sid || ancestorsOf(session).includes(sid));
  await setBits(ended, touched, deps);
}

async function setBits(sessions: readonly ListedSession[], touched: Set<string>, deps: WalkDeps): Promise<void> {
  const now = nowSeconds(deps.clock);
  const alive = sessions.filter((session) => session.expiresAtSeconds > now);
  const lists = Map.groupBy(
    alive.flatMap((session) => livePlaces(session, now)),
    ({ list }) => list,
  );
  for (const [list, places] of lists) {
    const indices = places.map(({ idx }) => idx);
    await deps.store.revoke(list, indices);
    touched.add(list);
  }
}

/** Every place whose tokens may still live: a renewal gives a session another, and older tokens go on naming the former. */
const livePlaces = ({ status, formerStatus = [] }: ListedSession, now: number): readonly ListedSession["status"][] => [
  status,
  ...formerStatus.filter(({ untilSeconds }) => untilSeconds > now),
];

/**
 * Every position leased before the cut is over: no session needs to be looked for. What was leased under the new
 * epoch stands above them, also where this comes late; what an instance still leases there under the old one its
 * issuer reads dead before it releases anything.
 */
export async function cutDeployment(epoch: number, touched: Set<string>, deps: WalkDeps): Promise<void> {
  const { store } = deps;
  if (epoch <= (await store.handledDeployment())) return;
  for (const window of openWindows(nowSeconds(deps.clock))) {
    const leased = await store.leasedBefore(window, epoch);
    for (let from = 0; from < leased; from += limits.statusListSize) {
      const { list } = statusListOf(window, from);
      await store.revokeBelow(list, Math.min(leased - from, limits.statusListSize));
      touched.add(list);
    }
  }
  await store.setHandledDeployment(epoch);
}
