import { signJwt } from "../jose/sign.ts";
import { type Clock, momentOf, mostMillisSince, nowSeconds, type Signer } from "../model/ports.ts";
import { tokenTyp } from "../model/wire.ts";
import { type Change, changeOf } from "../status/changes.ts";
import { openLists } from "../status/open-lists.ts";
import type { Due, PublishStore } from "../status/publish-store.ts";
import { cutDeployment, walk } from "../status/walk.ts";
import { statusListClaims } from "../verify/status-list.ts";

/** What publishing stands on. */
export interface PublishDeps {
  readonly clock: Clock;
  readonly issuer: string;
  readonly store: PublishStore;
  /** The status key. */
  readonly signer: Signer;
}

/** A walk that began this long ago and is not done was cut off: the publisher itself runs no longer. */
const cutOffSeconds = 150;
/** Unfinished walks that are begun again side by side. */
const againAtOnce = 32;
/** How long what a walk has found may wait for its lists to be signed. */
const unsignedMillis = 1_000;
/** A row of the tables of revocations, as it stands since it was written. */
interface WrittenRow {
  /** Where its stream has it, for whoever has to look. */
  readonly at: string | undefined;
  readonly image: Readonly<Record<string, unknown>>;
}

/**
 * Publishes revocations as they come, row by row of the stream:
 *
 * 1. **read** what each row ends (`status/changes.ts`). One that cannot be read is told of, and keeps no other back
 * 2. **order** them: a busy agent's trees take their time, and the one session and the whole deployment must not wait for them
 * 3. **write down** each walk before it begins: one that fails or is cut off is begun again by {@link publishMinute} until it is
 *    done, whatever becomes of the stream's record (threat 48)
 * 4. **walk** what the change ends, and set its bits (`status/walk.ts`); what a long walk has found is signed on the way
 * 5. **sign** every list that changed
 * 6. **strike off** the walks that are done: only now, since bits that no signed list shows are not published
 *
 * A session that is born during the walk is no hole: it is stored before the walk, which then sees it, or after the
 * revocation, and then its issuer reads that before it releases anything (threat 6).
 * @param unreadable told where a revocation stands that no list will show
 * @throws the first failure, when all others are done
 */
export async function publishRows(
  rows: readonly WrittenRow[],
  deps: PublishDeps,
  unreadable: (at: string | undefined) => void,
): Promise<void> {
  // 1. read
  const changes = rows.flatMap(({ at, image }) => {
    const change = changeOf(image);
    if (change === "malformed") unreadable(at);
    return typeof change === "string" ? [] : [change];
  });
  await publishChanges(changes, deps);
}

/**
 * The steps from 2 on.
 * @throws the first failure, when all others are done
 */
export async function publishChanges(changes: readonly Change[], deps: PublishDeps): Promise<void> {
  const { clock, store } = deps;
  const touched = new Set<string>();
  const done: Due[] = [];
  const failures: unknown[] = [];
  // 2. order
  for (const change of quickFirst(changes)) {
    try {
      if (change.kind === "deployment") {
        await cutDeployment(change.epoch, touched, deps);
        continue;
      }
      // 3. write down
      const due = { change, sinceSeconds: nowSeconds(clock) };
      await store.addDue(due);
      // 4. walk
      await walk(change, touched, deps, signingOnTheWay(touched, deps));
      done.push(due);
    } catch (failure) {
      failures.push(failure);
    }
  }
  // 5. sign
  await signLists([...touched], deps);
  // 6. strike off
  for (const due of done) await store.removeDue(due);
  if (failures.length > 0) throw failures[0];
}

/** Signs what was touched so far, once a second: the list stays touched, and is signed once more at the end. */
function signingOnTheWay(touched: ReadonlySet<string>, deps: PublishDeps): () => Promise<void> {
  let last = momentOf(deps.clock);
  return async () => {
    if (mostMillisSince(last, deps.clock) < unsignedMillis) return;
    await signLists([...touched], deps);
    last = momentOf(deps.clock);
  };
}

const quickFirst = (changes: readonly Change[]): readonly Change[] => [
  ...changes.filter((change) => change.kind !== "raised"),
  ...changes.filter((change) => change.kind === "raised"),
];

/**
 * Every minute, in this order, so that no walk, however long or broken, can let the lists run out and every offline verifier
 * refuse:
 *
 * 1. **find** the lists that are open (`status/open-lists.ts`)
 * 2. **sign** them all anew, since a list lives two minutes
 * 3. **name** them, for their aggregation
 * 4. **walk again** what was cut off. Side by side: a walk that fails or is cut off every time must keep no other revocation
 *    from its turn
 *
 * @throws the first failure, when all others are done: a failed run rings, each minute until all are done
 */
export async function publishMinute(deps: PublishDeps): Promise<void> {
  const { store } = deps;
  // 1. find
  const open = await openLists(deps);
  // 2. sign
  await signLists(open, deps);
  // 3. name
  await store.putOpen(open);
  const now = nowSeconds(deps.clock);
  const cutOff = (await store.dues()).filter(({ sinceSeconds }) => now - sinceSeconds >= cutOffSeconds);
  const walks: PromiseSettledResult<void>[] = [];
  // 4. walk again
  for (const group of turns(cutOff, Math.floor(now / 60)))
    walks.push(...(await Promise.allSettled(group.map((due) => walkAgain(due, deps)))));
  for (const walked of walks) if (walked.status === "rejected") throw walked.reason;
}

/** Groups of unfinished walks, another one first each minute: a group that is cut off every time holds no other back. */
function turns(dues: readonly Due[], minute: number): readonly (readonly Due[])[] {
  const groups = Math.ceil(dues.length / againAtOnce);
  return Array.from({ length: groups }, (_, n) => {
    const at = ((n + minute) % groups) * againAtOnce;
    return dues.slice(at, at + againAtOnce);
  });
}

async function walkAgain(due: Due, deps: PublishDeps): Promise<void> {
  const touched = new Set<string>();
  await walk(due.change, touched, deps, signingOnTheWay(touched, deps));
  await signLists([...touched], deps);
  await deps.store.removeDue(due);
}

async function signLists(lists: readonly string[], deps: PublishDeps): Promise<void> {
  const { issuer, signer, store } = deps;
  for (const list of lists) {
    const revoked = await store.revoked(list);
    const claims = statusListClaims({ issuer, list, revoked, nowSeconds: nowSeconds(deps.clock) });
    const { token } = await signJwt(signer, { typ: tokenTyp.status }, { ...claims }, `list-${list}`);
    await store.putSigned(list, { token, revokedCount: revoked.size, untilSeconds: claims.exp });
  }
}
