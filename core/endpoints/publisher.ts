import { signJwt } from "../jose/sign.ts";
import { type Clock, momentOf, mostMillisSince, nowSeconds, type Signer } from "../model/ports.ts";
import { tokenTyp } from "../model/wire.ts";
import { type Change, changeOf } from "../status/changes.ts";
import { addCuts, type CutLedger, cutOf, isOverflowing, lastingCuts, type Raise } from "../status/cuts.ts";
import { lastTokenEnds, openLists } from "../status/open-lists.ts";
import type { Due, PublishStore } from "../status/publish-store.ts";
import { cutDeployment, walk } from "../status/walk.ts";
import { cutsClaims, cutsThatFit } from "../verify/cuts.ts";
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
/** Publishers that may write the ledger of cuts before this one at most: each try that fails is another's that did not. */
const ledgerTries = 50;
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
 * 2. **tell** of every raised epoch by one small document (`status/cuts.ts`): the same work whatever lives below, and what our
 *    own verifier goes by. The bits that follow are for verifiers that know only the standard
 * 3. **order** them: a busy agent's trees take their time, and the one session and the whole deployment must not wait for them
 * 4. **write down** each walk before it begins: one that fails or is cut off is begun again by {@link publishMinute} until it is
 *    done, whatever becomes of the stream's record (threat 48)
 * 5. **walk** what the change ends, and set its bits (`status/walk.ts`); what a long walk has found is signed on the way
 * 6. **sign** every list that changed
 * 7. **strike off** the walks that are done: only now, since bits that no signed list shows are not published
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
  // 2. tell
  const raises = changes.filter((change) => change.kind !== "tombstone");
  if (raises.length > 0) await publishCuts(raises, deps).catch((failure: unknown) => failures.push(failure));
  // 3. order
  for (const change of quickFirst(changes)) {
    try {
      if (change.kind === "deployment") {
        await cutDeployment(change.epoch, touched, deps);
        continue;
      }
      // 4. write down
      const due = { change, sinceSeconds: nowSeconds(clock) };
      await store.addDue(due);
      // 5. walk
      await walk(change, touched, deps, signingOnTheWay(touched, deps));
      done.push(due);
    } catch (failure) {
      failures.push(failure);
    }
  }
  // 6. sign
  await signLists([...touched], deps);
  // 7. strike off
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
 * 1. **tell** of cuts anew, since the document lives two minutes, and of those whose walks are not done. Before the lists: where
 *    a list is signed that a token may name, so is the document
 * 2. **find** the lists that are open (`status/open-lists.ts`)
 * 3. **sign** them all anew, since a list lives as long
 * 4. **name** them, for their aggregation
 * 5. **walk again** what was cut off. Side by side: a walk that fails or is cut off every time must keep no other revocation
 *    from its turn
 *
 * @throws the first failure, when all others are done: a failed run rings, each minute until all are done
 */
export async function publishMinute(deps: PublishDeps): Promise<void> {
  const { store } = deps;
  const dues = await store.dues();
  const unfinished = dues.flatMap(({ change }) => (change.kind === "raised" ? [change] : []));
  const failures: unknown[] = [];
  // 1. tell
  await publishCuts(unfinished, deps).catch((failure: unknown) => failures.push(failure));
  // 2. find
  const open = await openLists(deps);
  // 3. sign
  await signLists(open, deps);
  // 4. name
  await store.putOpen(open);
  const now = nowSeconds(deps.clock);
  const cutOff = dues.filter(({ sinceSeconds }) => now - sinceSeconds >= cutOffSeconds);
  const walks: PromiseSettledResult<void>[] = [];
  // 5. walk again
  for (const group of turns(cutOff, Math.floor(now / 60)))
    walks.push(...(await Promise.allSettled(group.map((due) => walkAgain(due, deps)))));
  for (const walked of walks) if (walked.status === "rejected") failures.push(walked.reason);
  if (failures.length > 0) throw failures[0];
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

/** Notes cuts, and signs what is to be told now. What is told already is signed anew all the same: the last one may have failed. */
async function publishCuts(raises: readonly Raise[], deps: PublishDeps): Promise<void> {
  const { issuer, signer, store } = deps;
  const ledger = await noteCuts(raises, deps);
  const now = nowSeconds(deps.clock);
  const { version } = ledger;
  const overflow = isOverflowing(ledger, now);
  const claims = cutsClaims({ issuer, nowSeconds: now, version, cuts: lastingCuts(ledger, now), overflow });
  const { token } = await signJwt(signer, { typ: tokenTyp.cuts }, { ...claims }, "cuts");
  await store.putSignedCuts({ token, version, untilSeconds: claims.exp });
}

async function noteCuts(raises: readonly Raise[], deps: PublishDeps): Promise<CutLedger> {
  const { clock, issuer, store } = deps;
  const untilSeconds = raises.length > 0 ? await lastTokenEnds(deps) : 0;
  for (let tries = 0; tries < ledgerTries; tries++) {
    const now = nowSeconds(clock);
    const ledger = await store.cuts();
    const cuts = raises.map((raise) => cutOf(raise, { issuer, nowSeconds: now, untilSeconds }));
    const next = addCuts(ledger, cuts, { nowSeconds: now, fits: cutsThatFit });
    if (next === ledger || (await store.putCuts(next))) return next;
  }
  throw new Error("other publishers went on changing the ledger of cuts");
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
