import { limits } from "../limits.ts";
import { type Clock, nowSeconds, type Signer } from "../ports.ts";
import { ancestorsOf, type Session } from "../session/model.ts";
import { signJwt } from "../sign.ts";
import { tokenTyp } from "../wire.ts";
import type { Change } from "./changes.ts";
import { statusListClaims } from "./list.ts";
import { openWindows, statusListOf } from "./windows.ts";

/** What of a session's row the walk needs. */
export type ListedSession = Pick<Session, "root" | "sid" | "anc" | "generations" | "status" | "expiresAtSeconds">;

/** A change to be walked again, since an index showed it too early. */
export interface Due {
  readonly change: Exclude<Change, { kind: "deployment" }>;
  readonly sinceSeconds: number;
}

/** The publisher's tables. */
export interface PublishStore {
  /** Every session of a tree, strongly consistent. */
  tree(root: string): Promise<readonly ListedSession[]>;
  /** Roots of sessions of an agent, principal or build, by an index that may lag; each root may come more than once. */
  roots(subject: string): AsyncIterable<string>;
  /** Root of a session by its id alone, by an index that may lag. */
  rootOf(sid: string): Promise<string | undefined>;
  /** Positions of a window leased so far, strongly consistent; 0 for none. */
  leased(window: string): Promise<number>;
  /** Adds indices to what is revoked of a list. */
  revoke(list: string, indices: readonly number[]): Promise<void>;
  /** Revokes every index of a list below `count`. */
  revokeBelow(list: string, count: number): Promise<void>;
  /** Everything revoked of a list, strongly consistent. */
  revoked(list: string): Promise<ReadonlySet<number>>;
  /** Stores a signed list unless one that revokes more is there: of two publishers at once the staler must not win. */
  putSigned(list: string, token: string, revokedCount: number): Promise<void>;
  dues(): Promise<readonly Due[]>;
  addDue(due: Due): Promise<void>;
  removeDue(due: Due): Promise<void>;
  /** Generation of the deployment whose cut the lists show already. */
  handledDeployment(): Promise<number>;
  setHandledDeployment(generation: number): Promise<void>;
}

/** What publishing stands on. */
export interface PublishDeps {
  readonly clock: Clock;
  readonly issuer: string;
  readonly store: PublishStore;
  /** The status key. */
  readonly signer: Signer;
}

/** How long an index is given to show what was written before a revocation. */
const indexLagSeconds = 60;
/** Trees walked at the same time. */
const walksAtOnce = 8;
/** Free places below which the next list of a window is signed in advance, so that no token names a list nobody can fetch. */
const placesAhead = limits.statusListSize / 4;

/**
 * Publishes revocations as they come: *find* what each one ends ▸ *set* its bits ▸ *sign* every list that changed.
 * A child that is born during the walk is no hole: it is stored before the walk, which then sees it, or after the
 * tombstone, and then its issuer reads the tombstone before it releases anything (threat 6). What was found by an index
 * is walked again later, by {@link publishMinute}.
 */
export async function publishChanges(changes: readonly Change[], deps: PublishDeps): Promise<void> {
  const touched = new Set<string>();
  for (const change of changes) {
    if (change.kind === "deployment") await cutDeployment(change.generation, touched, deps);
    else {
      const { settled } = await walk(change, touched, deps);
      if (!settled) await deps.store.addDue({ change, sinceSeconds: nowSeconds(deps.clock) });
    }
  }
  await signLists([...touched], deps);
}

/** Every minute: walk again what is due, then sign all open lists anew, since a list lives two minutes. */
export async function publishMinute(deps: PublishDeps): Promise<void> {
  const { store } = deps;
  for (const due of await store.dues()) {
    await walk(due.change, new Set(), deps);
    if (nowSeconds(deps.clock) - due.sinceSeconds >= indexLagSeconds) await store.removeDue(due);
  }
  await signLists(await openLists(deps), deps);
}

/**
 * Sets the bits of everything a change ends.
 * @returns whether the answer was strongly consistent, so that nothing has to be looked at again
 */
async function walk(
  change: Due["change"],
  touched: Set<string>,
  deps: PublishDeps,
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
  for await (const root of deps.store.roots(subject)) {
    if (walked.has(root)) continue;
    walked.add(root);
    batch.push(root);
    if (batch.length === walksAtOnce) await flush();
  }
  await flush();
  return { settled: false };
}

async function setBits(sessions: readonly ListedSession[], touched: Set<string>, deps: PublishDeps): Promise<void> {
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
async function cutDeployment(generation: number, touched: Set<string>, deps: PublishDeps): Promise<void> {
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

/**
 * Lists that a token may name before the next run: of every window up to one beyond the furthest in use (and the next
 * hour, where sessions of an ordinary life end), up to the one the next leases may reach.
 */
async function openLists(deps: PublishDeps): Promise<readonly string[]> {
  const windows = openWindows(nowSeconds(deps.clock));
  const leased = await Promise.all(windows.map((window) => deps.store.leased(window)));
  const furthest = leased.findLastIndex((count) => count > 0);
  return windows.slice(0, Math.max(furthest + 2, 2)).flatMap((window, i) => {
    const last = Math.floor(((leased[i] ?? 0) + placesAhead) / limits.statusListSize);
    return Array.from({ length: last + 1 }, (_, n) => statusListOf(window, n * limits.statusListSize).list);
  });
}

async function signLists(lists: readonly string[], deps: PublishDeps): Promise<void> {
  const { issuer, signer, store } = deps;
  for (const list of lists) {
    const revoked = await store.revoked(list);
    const claims = statusListClaims({ issuer, list, revoked, nowSeconds: nowSeconds(deps.clock) });
    const { token } = await signJwt(signer, { typ: tokenTyp.status }, { ...claims }, `list-${list}`);
    await store.putSigned(list, token, revoked.size);
  }
}
