import { signJwt } from "../jose/sign.ts";
import { momentOf, mostMillisSince } from "../model/age.ts";
import { limits } from "../model/limits.ts";
import { type Clock, nowSeconds, type Signer } from "../model/ports.ts";
import { tokenTyp } from "../model/wire.ts";
import type { Change } from "../status/changes.ts";
import type { Due, PublishStore } from "../status/publish-store.ts";
import { cutDeployment, walk } from "../status/walk.ts";
import { statusListOf, windowsThrough } from "../status/windows.ts";
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
/** Free places below which the next list of a window is signed in advance, so that no token names a list nobody can fetch. */
const placesAhead = limits.statusListSize / 4;

/**
 * Publishes revocations as they come: *find* what each one ends ▸ *set* its bits ▸ *sign* every list that changed.
 * A session that is born during the walk is no hole: it is stored before the walk, which then sees it, or after the
 * revocation, and then its issuer reads that before it releases anything (threat 6). Each walk is written down before it
 * begins and struck off when it is done: one that failed or was cut off is begun again by {@link publishMinute} until it
 * is, whatever becomes of the stream's record (threat 48). One that fails keeps none beside it back.
 * @throws the first failure, when all others are done
 */
export async function publishChanges(changes: readonly Change[], deps: PublishDeps): Promise<void> {
  const touched = new Set<string>();
  const done: Due[] = [];
  const failures: unknown[] = [];
  for (const change of quickFirst(changes)) {
    try {
      if (change.kind === "deployment") await cutDeployment(change.generation, touched, deps);
      else done.push(await publishWalk(change, touched, deps));
    } catch (failure) {
      failures.push(failure);
    }
  }
  await signLists([...touched], deps);
  // only now: bits that no signed list shows are not published
  for (const due of done) await deps.store.removeDue(due);
  if (failures.length > 0) throw failures[0];
}

async function publishWalk(change: Due["change"], touched: Set<string>, deps: PublishDeps): Promise<Due> {
  const due = { change, sinceSeconds: nowSeconds(deps.clock) };
  await deps.store.addDue(due);
  await walk(change, touched, deps, signingOnTheWay(touched, deps));
  return due;
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

/** A busy agent's trees take their time: the one session and the whole deployment must not wait for them. */
const quickFirst = (changes: readonly Change[]): readonly Change[] => [
  ...changes.filter((change) => change.kind !== "raised"),
  ...changes.filter((change) => change.kind === "raised"),
];

/**
 * Every minute: sign all open lists anew, since a list lives two minutes; then walk again what was cut off. In this order, so
 * that no walk, however long or broken, can let the lists run out and every offline verifier refuse.
 */
export async function publishMinute(deps: PublishDeps): Promise<void> {
  const { store } = deps;
  const open = await openLists(deps);
  await signLists(open, deps);
  await store.putOpen(open);
  const now = nowSeconds(deps.clock);
  const cutOff = (await store.dues()).filter(({ sinceSeconds }) => now - sinceSeconds >= cutOffSeconds);
  const walks: PromiseSettledResult<void>[] = [];
  // side by side: a walk that fails or is cut off every time must keep no other revocation from its turn
  for (const group of turns(cutOff, Math.floor(now / 60)))
    walks.push(...(await Promise.allSettled(group.map((due) => walkAgain(due, deps)))));
  // a failed run rings, each minute until all are done
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

/**
 * Lists that a token may name before the next run: of every window that the longest life of the registry reaches until
 * then, of the next hour, and of every one up to one beyond the furthest in use (a registry applied since may reach further: the first
 * session there is refused, and its lease tells us), up to the list that the next leases may reach.
 */
async function openLists(deps: PublishDeps): Promise<readonly string[]> {
  const now = nowSeconds(deps.clock);
  const until = now + limits.statusListLifeSeconds;
  const windows = windowsThrough(now, until + limits.sessionLifeMaxSeconds);
  const leased = await Promise.all(windows.map((window) => deps.store.leased(window)));
  const furthest = leased.findLastIndex((count) => count > 0);
  const longest = (await deps.store.longestLifeSeconds()) ?? limits.sessionLifeSeconds;
  const reached = windowsThrough(now, until + Math.min(longest, limits.sessionLifeMaxSeconds)).length;
  return windows.slice(0, Math.max(furthest + 2, reached, 2)).flatMap((window, i) => {
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
    await store.putSigned(list, { token, revokedCount: revoked.size, untilSeconds: claims.exp });
  }
}
