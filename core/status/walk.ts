import { limits } from "../model/limits.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";
import { ancestorsOf } from "../model/session.ts";
import type { Due, ListedSession, PublishStore, WalkCursor } from "./publish-store.ts";
import { createTrail } from "./trail.ts";
import { openWindows, statusListOf } from "./windows.ts";

/** What a walk needs. */
interface WalkDeps {
  readonly clock: Clock;
  readonly store: PublishStore;
}

/** A walk in progress. */
interface WalkRun extends WalkDeps {
  /** Called for every list that has new bits. */
  readonly touched: (list: string) => void;
  /** Called with the ended sessions of each tree, once their bits are sure to be set. */
  readonly dead?: (root: string, tree: readonly ListedSession[], ended: readonly ListedSession[]) => Promise<void>;
  /** Asked between two trees: whether the bits found so far should be published now. */
  readonly isTimeToShow: () => boolean;
  /** Publishes them, and notes that the walk need not read again what lies before the cursor. */
  readonly show: (after: WalkCursor) => Promise<void>;
  /** Asked between two trees: whether this run has no time left. */
  readonly isOver: () => boolean;
}

/** Trees of one walk that are read at the same time. */
const treesAtOnce = 32;
/** Trees whose bits are written together, since every write to a list costs as much as the whole list. */
const treesTogether = 500;

/**
 * Sets the bits of everything a change ends. Every read is strongly consistent and made after the revocation was
 * written. A session that a read does not see is stored later, and then its issuer reads the revocation before it
 * releases anything (threat 6). So one walk finds every session, even if it is interrupted and continues from its
 * cursor.
 * @returns the cursor at which time ran out; undefined when the walk is finished
 * @throws the first failure, after all other trees are done
 */
export async function walk({ change, after }: Due, run: WalkRun): Promise<WalkCursor | undefined> {
  if (change.kind === "raised") return walkTrees(change, after, run);
  await walkTree(change, run);
  return undefined;
}

/** Reads trees concurrently, up to a bound: a tree that takes long, or cannot be read, does not delay the others. */
async function walkTrees(
  { subject, epoch }: Extract<Due["change"], { kind: "raised" }>,
  after: WalkCursor | undefined,
  run: WalkRun,
): Promise<WalkCursor | undefined> {
  const trail = createTrail(after);
  const walked = new Set<string>();
  let found: { readonly ended: readonly ListedSession[]; readonly done: () => void }[] = [];
  const write = async () => {
    const some = found;
    found = [];
    await setBits(
      some.flatMap(({ ended }) => ended),
      run,
    );
    for (const { done } of some) done();
  };
  const reading = new Room(treesAtOnce);
  let isBrokenOff = false;
  for await (const { root, shard, key } of run.store.sessions(subject, nowSeconds(run.clock), after)) {
    isBrokenOff = run.isOver();
    if (isBrokenOff) break;
    const done = trail.step(shard, key);
    if (walked.has(root)) {
      done();
      continue;
    }
    walked.add(root);
    await reading.take(async () => {
      const tree = await run.store.tree(root);
      // a session below a revoked agent carries that agent's epoch, at any depth
      const ended = tree.filter((session) => (session.epochs[subject] ?? epoch) < epoch);
      const half = afterTwo(done);
      // its bits do not wait for what a stop in AWS needs, nor are they lost when that cannot be read
      found.push({ ended, done: half });
      await run.dead?.(root, tree, ended);
      half();
    });
    const isTime = run.isTimeToShow();
    if (isTime || found.length >= treesTogether) await write();
    if (isTime) await run.show(trail.cursor());
  }
  while (await reading.next()) {
    // write what was found without waiting for the one or two slowest trees
    if (!run.isTimeToShow() && reading.underWay > 2) continue;
    // more trees may have been read while this was written
    while (found.length > 0) {
      await write();
      await run.show(trail.cursor());
    }
  }
  await write();
  reading.rethrow();
  return isBrokenOff ? trail.cursor() : undefined;
}

/** Calls `done` when it was itself called twice. */
function afterTwo(done: () => void): () => void {
  let calls = 0;
  return () => {
    calls += 1;
    if (calls === 2) done();
  };
}

/** Bounds how many reads run at a time. A failure is kept until all others are done. */
class Room {
  readonly #most: number;
  readonly #failures: unknown[] = [];
  #running = 0;
  #freed: () => void = () => undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** Begins a read as soon as there is room for it. */
  async take(read: () => Promise<void>): Promise<void> {
    await this.#until(this.#most - 1);
    this.#running += 1;
    void read()
      .catch((failure: unknown) => this.#failures.push(failure))
      .finally(() => {
        this.#running -= 1;
        this.#freed();
      });
  }

  get underWay(): number {
    return this.#running;
  }

  /** Waits until one of the running reads is done; false when none is running. */
  async next(): Promise<boolean> {
    const { underWay } = this;
    if (underWay > 0) await this.#until(underWay - 1);
    return underWay > 0;
  }

  /** @throws the first failure */
  rethrow(): void {
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async #until(most: number): Promise<void> {
    while (this.#running > most)
      await new Promise<void>((freed) => {
        this.#freed = freed;
      });
  }
}

async function walkTree({ root, sid }: Extract<Due["change"], { kind: "tombstone" }>, run: WalkRun): Promise<void> {
  const tree = await run.store.tree(root);
  const known = tree.some((session) => session.sid === sid);
  // the revocation may have named the session's id alone
  const found = known ? undefined : await run.store.rootOf(sid);
  const sessions = found === undefined ? tree : await run.store.tree(found);
  const ended = sessions.filter((session) => session.sid === sid || ancestorsOf(session).includes(sid));
  await setBits(ended, run);
  await run.dead?.(found ?? root, sessions, ended);
}

async function setBits(sessions: readonly ListedSession[], { clock, store, touched }: WalkRun): Promise<void> {
  const now = nowSeconds(clock);
  const alive = sessions.filter((session) => session.expiresAtSeconds > now);
  const lists = Map.groupBy(
    alive.flatMap((session) => livePlaces(session, now)),
    ({ list }) => list,
  );
  for (const [list, places] of lists) {
    const indices = places.map(({ idx }) => idx);
    await store.revoke(list, indices);
    touched(list);
  }
}

/**
 * Every place whose tokens may still live: a renewal gives a session a new place, and older tokens still name the
 * former ones.
 */
const livePlaces = ({ status, formerStatus = [] }: ListedSession, now: number): readonly ListedSession["status"][] => [
  status,
  ...formerStatus.filter(({ untilSeconds }) => untilSeconds > now),
];

/**
 * Every position leased before the cut is over, so no session needs to be looked for. Positions leased under the new
 * epoch lie above them, even when this runs late. An instance may still use a position that it leased under the old
 * epoch, but the liveness read makes its issuer end that session before it releases anything.
 */
export async function cutDeployment(
  epoch: number,
  { clock, store, touched }: WalkDeps & Pick<WalkRun, "touched">,
): Promise<void> {
  if (epoch <= (await store.handledDeployment())) return;
  for (const window of openWindows(nowSeconds(clock))) {
    const leased = await store.leasedBefore(window, epoch);
    for (let from = 0; from < leased; from += limits.statusListSize) {
      const { list } = statusListOf(window, from);
      await store.revokeBelow(list, Math.min(leased - from, limits.statusListSize));
      touched(list);
    }
  }
  await store.setHandledDeployment(epoch);
}
