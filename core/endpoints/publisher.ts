import { signJwt } from "../jose/sign.ts";
import { type Clock, momentOf, mostMillisSince, nowSeconds, type Signer } from "../model/ports.ts";
import { tokenTyp } from "../model/wire.ts";
import { type Change, changeOf } from "../status/changes.ts";
import { addCuts, type CutLedger, cutOf, isOverflowing, lastingCuts, type Raise } from "../status/cuts.ts";
import { lastTokenEnds, openLists } from "../status/open-lists.ts";
import type { Due, PublishStore } from "../status/publish-store.ts";
import { cutDeployment, walk } from "../status/walk.ts";
import { cutsClaims, cutsThatFit } from "../verify/cuts/document.ts";
import { statusListClaims } from "../verify/status/list.ts";

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
/** Walks side by side in one run, each of so many trees at a time. */
const atOnce = 32;
/** How long a run begins new trees: the rest of a function's two minutes is for those it has begun, and for their lists. */
const runMillis = 75_000;
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
 * 4. **write down** every walk before the first begins: one that fails or is cut off is gone on with by {@link publishMinute}
 *    until it is done, whatever becomes of the stream's record (threat 48)
 * 5. **walk** what the changes end, side by side, and set its bits (`status/walk.ts`); what a long walk has found is signed on
 *    the way
 * 6. **sign** every list that changed, as soon as one walk is done
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
  const run = startRun(deps);
  const failures: unknown[] = [];
  const keep = (failure: unknown) => failures.push(failure);
  // 2. tell
  const raises = changes.filter((change) => change.kind !== "tombstone");
  if (raises.length > 0) await publishCuts(raises, deps).catch(keep);
  // 3. order
  const ordered = quickFirst(changes);
  // 4. write down
  const begun = ordered.map(async (change) => {
    if (change.kind === "deployment") return change;
    const due: Due = { change, sinceSeconds: nowSeconds(deps.clock) };
    await deps.store.addDue(due);
    return due;
  });
  await Promise.allSettled(begun);
  // 5. walk
  await sideBySide(begun, atOnce, async (noted) => {
    const one = await noted;
    return "kind" in one ? endDeployment(one, run) : walkOn(one, run);
  }).catch(keep);
  if (failures.length > 0) throw failures[0];
}

/** What the walks of one run have in common. */
interface Run extends PublishDeps {
  /** Lists that wait to be signed, and their signing. */
  readonly signing: Signing;
  readonly isOver: () => boolean;
}

function startRun(deps: PublishDeps): Run {
  const started = momentOf(deps.clock);
  return { ...deps, signing: createSigning(deps), isOver: () => mostMillisSince(started, deps.clock) >= runMillis };
}

const quickFirst = (changes: readonly Change[]): readonly Change[] => [
  ...changes.filter((change) => change.kind !== "raised"),
  ...changes.filter((change) => change.kind === "raised"),
];

/**
 * Does the same for all, so many at a time.
 * @throws the first failure, when all others are done
 */
async function sideBySide<T>(all: readonly T[], most: number, work: (one: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  const waiting = all.values();
  const worker = async () => {
    for (const one of waiting) await work(one).catch((failure: unknown) => failures.push(failure));
  };
  await Promise.all(Array.from({ length: most }, worker));
  if (failures.length > 0) throw failures[0];
}

async function endDeployment({ epoch }: Extract<Change, { kind: "deployment" }>, run: Run): Promise<void> {
  await cutDeployment(epoch, { ...run, touched: run.signing.add });
  await run.signing.sign();
}

/**
 * One walk that was written down, from where it stopped. What it has found is signed once a second, and then it notes how
 * far it is; a run that has no time left puts it back with that. It is struck off only when its lists are signed, since
 * bits that no signed list shows are not published.
 */
async function walkOn(due: Due, run: Run): Promise<void> {
  const { clock, store, signing } = run;
  let written = due;
  // where it was revoked again meanwhile, the newer one has a walk of its own
  const note = async (by: Due) => {
    if (await store.replaceDue(written, by)) written = by;
  };
  let shown = momentOf(clock);
  const after = await walk(due, {
    ...run,
    touched: signing.add,
    isTimeToShow: () => mostMillisSince(shown, clock) >= unsignedMillis,
    show: async (cursor) => {
      await signing.sign();
      await note({ ...written, sinceSeconds: nowSeconds(clock), after: cursor });
      shown = momentOf(clock);
    },
  });
  // 6. sign
  await signing.sign();
  // 7. strike off
  if (after === undefined) await store.removeDue(written);
  else await note({ ...written, sinceSeconds: 0, after });
}

/** Lists that are signed as soon as somebody asks; what was added while others are signed is signed right after them. */
interface Signing {
  readonly add: (list: string) => void;
  /** Done when all that was added before is signed. */
  readonly sign: () => Promise<void>;
}

function createSigning(deps: PublishDeps): Signing {
  const waiting = new Set<string>();
  let flight: Promise<void> | undefined;
  const fly = async (): Promise<void> => {
    try {
      while (waiting.size > 0) {
        const lists = [...waiting];
        waiting.clear();
        await signLists(lists, deps).catch((failure: unknown) => {
          // another walk may have added one of them, and is not done before it is signed
          for (const list of lists) waiting.add(list);
          throw failure;
        });
      }
    } finally {
      flight = undefined;
    }
  };
  return {
    add: (list) => waiting.add(list),
    async sign() {
      if (waiting.size > 0) flight ??= fly();
      await flight;
    },
  };
}

/**
 * Every minute, in this order, so that no walk, however long or broken, can let the lists run out and every offline verifier
 * refuse:
 *
 * 1. **tell** of cuts anew, since the document lives two minutes, and of those whose walks are not done. Before the lists: where
 *    a list is signed that a token may name, so is the document
 * 2. **find** the lists that are open (`status/open-lists.ts`)
 * 3. **sign** them all anew, since a list lives as long
 * 4. **name** them, for their aggregation
 * 5. **walk on** what was cut off or put back, from where it stopped. Side by side: a walk that fails or is cut off every time
 *    must keep no other revocation from its turn
 *
 * @throws the first failure, when all others are done: a failed run rings, each minute until all are done
 */
export async function publishMinute(deps: PublishDeps): Promise<void> {
  const { store } = deps;
  const run = startRun(deps);
  const dues = await store.dues();
  const unfinished = dues.flatMap(({ change }) => (change.kind === "raised" ? [change] : []));
  const failures: unknown[] = [];
  const keep = (failure: unknown) => failures.push(failure);
  // 1. tell
  await publishCuts(unfinished, deps).catch(keep);
  // 2. find
  const open = await openLists(deps);
  // 3. sign
  await signLists(open, deps);
  // 4. name
  await store.putOpen(open);
  const now = nowSeconds(deps.clock);
  const left = dues.filter(({ sinceSeconds }) => now - sinceSeconds >= cutOffSeconds);
  // 5. walk on
  await sideBySide(turned(left, Math.floor(now / 60)), atOnce, (due) => takeUp(due, run)).catch(keep);
  if (failures.length > 0) throw failures[0];
}

/** Unfinished walks, others first each minute: those that are cut off every time hold no other back. */
function turned(dues: readonly Due[], minute: number): readonly Due[] {
  const groups = Math.max(1, Math.ceil(dues.length / atOnce));
  const from = (minute % groups) * atOnce;
  return [...dues.slice(from), ...dues.slice(0, from)];
}

/** Takes a walk up unless another run did so first; one that fails is put back at once, so that the next minute tries it again. */
async function takeUp(due: Due, run: Run): Promise<void> {
  if (run.isOver()) return;
  const { store, clock } = run;
  const taken = { ...due, sinceSeconds: nowSeconds(clock) };
  if (!(await store.replaceDue(due, taken))) return;
  try {
    await walkOn(taken, run);
  } catch (failure) {
    const left = (await store.dues()).find(({ change }) => isSame(change, due.change));
    if (left) await store.replaceDue(left, { ...left, sinceSeconds: 0 });
    throw failure;
  }
}

const isSame = (one: Change, other: Change): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Notes cuts, and signs what is to be told now. What is told already is signed anew all the same: the last one may have failed. */
async function publishCuts(raises: readonly Raise[], deps: PublishDeps): Promise<void> {
  const { issuer, signer, store } = deps;
  const ledger = await noteCuts(raises, deps);
  const now = nowSeconds(deps.clock);
  const { version } = ledger;
  const overflow = isOverflowing(ledger, now);
  const claims = cutsClaims({ issuer, nowSeconds: now, version, cuts: lastingCuts(ledger, now), overflow });
  const { token } = await signJwt(signer, { typ: tokenTyp.cuts, joinId: "cuts" }, { ...claims });
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
    const { token } = await signJwt(signer, { typ: tokenTyp.status, joinId: `list-${list}` }, { ...claims });
    await store.putSigned(list, { token, revokedCount: revoked.size, untilSeconds: claims.exp });
  }
}
