import { signJwt } from "../jose/sign.ts";
import { type Clock, momentOf, mostMillisSince, nowSeconds, type Signer } from "../model/ports.ts";
import { tokenTyp } from "../model/wire.ts";
import { type Change, changeOf } from "../status/changes.ts";
import { addCuts, type CutLedger, cutOf, isOverflowing, lastingCuts, type Raise } from "../status/cuts.ts";
import { lastTokenEnds, openLists } from "../status/open-lists.ts";
import type { Due, PublishStore } from "../status/publish-store.ts";
import { cutDeployment, walk } from "../status/walk.ts";
import type { StopNotes } from "../stop/note.ts";
import { cutsClaims, cutsThatFit } from "../verify/cuts/document.ts";
import { statusListClaims } from "../verify/status/list.ts";

/** What publishing needs. */
export interface PublishDeps {
  readonly clock: Clock;
  readonly issuer: string;
  readonly store: PublishStore;
  /** The status key. */
  readonly signer: Signer;
  /** Notes for one run of what is to be stopped at AWS; left out where credentials never live long enough for that. */
  readonly stopNotes?: () => StopNotes;
}

/** A walk that began this long ago and is not finished was interrupted, since no run of the publisher takes so long. */
const cutOffSeconds = 150;
/** Walks at the same time in one run. */
const atOnce = 32;
/**
 * How long a run begins new trees: the rest of a function's two minutes is for the trees it has begun, and for their
 * lists.
 */
const runMillis = 75_000;
/** Most attempts to write the ledger of cuts. An attempt fails only when another publisher has written it. */
const ledgerTries = 50;
/** How long the bits that a walk has found may wait for their lists to be signed. */
const unsignedMillis = 1_000;
/** A row of the tables of revocations, as its stream delivers it. */
interface WrittenRow {
  /** Its position in the stream, for an operator who has to look at it. */
  readonly at: string | undefined;
  readonly image: Readonly<Record<string, unknown>>;
}

/**
 * Publishes revocations as they come, row by row of the stream:
 *
 * 1. **read** what each row ends (`status/changes.ts`). A row that cannot be read is reported and does not hold up the
 *    others
 * 2. **tell** of every raised epoch by one small document (`status/cuts.ts`): the same work however many sessions are
 *    below, and our own verifier reads it. The bits that follow are for verifiers that know only the standard
 * 3. **order** them: the trees of a busy agent take long, and a single session or the whole deployment must not wait
 *    for them
 * 4. **write down** every walk before the first begins: {@link publishMinute} continues one that fails or is
 *    interrupted until it is finished, even when the stream's record is lost (threat 48)
 * 5. **walk** what the changes end, concurrently, and set its bits (`status/walk.ts`); during a long walk, the bits
 *    found so far are signed already
 * 6. **sign** every list that changed, as soon as one walk is finished
 * 7. **strike off** the walks that are finished: only now, since a bit is published only by a signed list
 *
 * Where AWS credentials live long enough to be stopped, a walk also notes whose do (`stop/note.ts`): what the raised
 * epoch names before the first session is found, then each dead session. No bit waits for that, and a walk is not struck
 * off before it is stored.
 *
 * A session that is opened during the walk is not missed: either it was stored before the walk, which then finds it, or
 * after the revocation, which its issuer then reads before it releases anything (threat 6).
 * @param unreadable called with the position of a revocation that no list will show
 * @throws the first failure, after all others are done
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
 * The steps from 2 on, for changes that were read.
 * @throws the first failure, after all others are done
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

/** What all walks of one run share. */
interface Run extends PublishDeps {
  /** Signs the lists that wait. */
  readonly signing: Signing;
  readonly stops?: StopNotes | undefined;
  readonly isOver: () => boolean;
}

function startRun(deps: PublishDeps): Run {
  const started = momentOf(deps.clock);
  return {
    ...deps,
    signing: createSigning(deps),
    stops: deps.stopNotes?.(),
    isOver: () => mostMillisSince(started, deps.clock) >= runMillis,
  };
}

const quickFirst = (changes: readonly Change[]): readonly Change[] => [
  ...changes.filter((change) => change.kind !== "raised"),
  ...changes.filter((change) => change.kind === "raised"),
];

/**
 * Does the same work for all, at most `most` at a time.
 * @throws the first failure, after all others are done
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

async function endDeployment(change: Extract<Change, { kind: "deployment" }>, run: Run): Promise<void> {
  const begun = settled(run.stops?.begin(change));
  await cutDeployment(change.epoch, { ...run, touched: run.signing.add });
  await run.signing.sign();
  rethrow(await begun);
}

/** How a piece of work ended; it can be awaited later, since it never fails by itself. */
const settled = async (work: Promise<void> | undefined): Promise<PromiseSettledResult<void>> => {
  const [one] = await Promise.allSettled([work]);
  return one as PromiseSettledResult<void>;
};

function rethrow(one: PromiseSettledResult<void>): void {
  if (one.status === "rejected") throw one.reason;
}

/**
 * Does one stored walk, from where it stopped. The bits it finds are signed once a second, and then its progress is
 * stored; a run without time left puts the walk back with that progress. The walk is struck off only when its lists are
 * signed, since a bit is published only by a signed list.
 */
async function walkOn(due: Due, run: Run): Promise<void> {
  const { clock, store, signing, stops } = run;
  const begun = settled(stops?.begin(due.change));
  let written = due;
  // if the subject was revoked again meanwhile, that revocation has a walk of its own
  const note = async (by: Due) => {
    if (await store.replaceDue(written, by)) written = by;
  };
  let shown = momentOf(clock);
  const after = await walk(due, {
    ...run,
    touched: signing.add,
    ...(stops && { dead: stops.dead }),
    isTimeToShow: () => mostMillisSince(shown, clock) >= unsignedMillis,
    show: async (cursor) => {
      await signing.sign();
      // what is not stored yet is found again: the bits go on, the stored progress does not
      if ((await settled(stops?.store())).status === "fulfilled")
        await note({ ...written, sinceSeconds: nowSeconds(clock), after: cursor });
      shown = momentOf(clock);
    },
  });
  // 6. sign
  await signing.sign();
  rethrow(await begun);
  await stops?.store();
  // 7. strike off
  if (after === undefined) await store.removeDue(written);
  else await note({ ...written, sinceSeconds: 0, after });
}

/** Signs lists on request. Lists that are added while others are being signed are signed right after them. */
interface Signing {
  readonly add: (list: string) => void;
  /** Resolves when every list that was added before is signed. */
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
          // another walk may have added one of them, and must not finish before it is signed
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
 * Runs every minute, in this order, so that no long or failing walk can let the lists expire, after which every offline
 * verifier would refuse:
 *
 * 1. **tell** of cuts again, since the document lives two minutes, including those whose walks are not finished. This
 *    comes before the lists, so that whenever a list is signed the document is signed too
 * 2. **find** the open lists (`status/open-lists.ts`)
 * 3. **sign** all of them again, since a list lives two minutes too
 * 4. **name** them, for the status list aggregation
 * 5. **stop** at AWS, meanwhile, what outlives its session: credentials of a role that its agent took by itself
 *    (`stop/note.ts`)
 * 6. **walk on** with interrupted walks and those put back, from where they stopped. They run concurrently: a walk that
 *    fails every time must not hold up other revocations
 *
 * @throws the first failure, after all others are done: a failed run rings, each minute until all walks are finished
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
  // 5. stop
  const stopped = settled(run.stops?.ended());
  // 6. walk on
  await sideBySide(turned(left, Math.floor(now / 60)), atOnce, (due) => takeUp(due, run)).catch(keep);
  const outcome = await stopped;
  if (outcome.status === "rejected") keep(outcome.reason);
  if (failures.length > 0) throw failures[0];
}

/**
 * Unfinished walks, starting with another one each minute, so that walks that are always interrupted do not hold up the
 * others.
 */
function turned(dues: readonly Due[], minute: number): readonly Due[] {
  const groups = Math.max(1, Math.ceil(dues.length / atOnce));
  const from = (minute % groups) * atOnce;
  return [...dues.slice(from), ...dues.slice(0, from)];
}

/**
 * Continues a walk unless another run has taken it. A walk that fails is put back at once, so that the next minute
 * tries it again.
 */
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

/**
 * Adds cuts to the ledger and signs the document. It is signed again even without a new cut, since the last signing may
 * have failed.
 */
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
