import { subjects } from "../model/subjects.ts";
import type { Change } from "./changes.ts";
import { cutName } from "./cut-name.ts";

/** What one cut reaches, the widest first: where not all fit, its sessions are the ones that take longest to find. */
const reaches = ["deployment", "agent", "build", "principal", "login"] as const;

/** A subject whose epoch was raised, as long as a token from before may live. */
export interface Cut {
  /** The subject as the document names it. */
  readonly name: string;
  readonly epoch: number;
  readonly reach: (typeof reaches)[number];
  /** When the publisher met it. */
  readonly atSeconds: number;
  /** When the last token from before it is over. */
  readonly untilSeconds: number;
}

/** Everything that was cut and may still concern a token. */
export interface CutLedger {
  /** Grows with every change, so that a document tells which of two is the older one. */
  readonly version: number;
  /** In the order in which they are kept. */
  readonly cuts: readonly Cut[];
  /** Until when the ledger lacks cuts that it had no room for. */
  readonly overflowUntilSeconds?: number;
}

/** The ledger before anything was cut. */
export const emptyLedger: CutLedger = { version: 0, cuts: [] };

/** A change that raises an epoch. */
export type Raise = Exclude<Change, { readonly kind: "tombstone" }>;

/** What is noted with a cut. */
interface CutTimes {
  readonly issuer: string;
  readonly nowSeconds: number;
  /** When the last token that may have been issued until now is over. */
  readonly untilSeconds: number;
}

/** The cut that a raised epoch makes. */
export function cutOf(raise: Raise, { issuer, nowSeconds, untilSeconds }: CutTimes): Cut {
  const subject = raise.kind === "deployment" ? subjects.deployment : raise.subject;
  return {
    name: cutName(issuer, subject),
    epoch: raise.epoch,
    reach: reachOf(subject),
    atSeconds: nowSeconds,
    untilSeconds,
  };
}

function reachOf(subject: string): Cut["reach"] {
  if (subject === subjects.deployment) return "deployment";
  if (subject.startsWith(subjects.agent(""))) return "agent";
  if (subject.startsWith(subjects.build(""))) return "build";
  return subject.startsWith(subjects.login("")) ? "login" : "principal";
}

/** Those of a ledger that may still concern a token. */
export const lastingCuts = ({ cuts }: CutLedger, nowSeconds: number): readonly Cut[] =>
  cuts.filter(({ untilSeconds }) => untilSeconds > nowSeconds);

/** Whether the ledger lacks cuts that may still concern a token. */
export const isOverflowing = ({ overflowUntilSeconds = 0 }: CutLedger, nowSeconds: number): boolean =>
  overflowUntilSeconds > nowSeconds;

/**
 * Adds cuts to a ledger and leaves out what is over. An epoch only ever grows. Where not all fit, those of the widest reach
 * are kept, of one reach the newest, and at one instant those whose names come first; of what is dropped, the ledger says
 * until when it lacks it.
 * @param fits how many of these, the first ones, fit into a document
 * @returns the very same ledger when it says all of them already
 */
export function addCuts(
  ledger: CutLedger,
  added: readonly Cut[],
  { nowSeconds, fits }: { readonly nowSeconds: number; readonly fits: (cuts: readonly Cut[]) => number },
): CutLedger {
  const known = new Map(ledger.cuts.map((cut) => [cut.name, cut]));
  let isNews = false;
  for (const cut of added) {
    if ((known.get(cut.name)?.epoch ?? 0) >= cut.epoch) continue;
    known.set(cut.name, cut);
    isNews = true;
  }
  if (!isNews) return ledger;
  const version = ledger.version + 1;
  const all = lastingCuts({ version, cuts: [...known.values()] }, nowSeconds).toSorted(byReach);
  const kept = fits(all);
  const lacking = Math.max(ledger.overflowUntilSeconds ?? 0, ...all.slice(kept).map((cut) => cut.untilSeconds));
  const overflow = lacking > nowSeconds ? { overflowUntilSeconds: lacking } : {};
  return { version, cuts: all.slice(0, kept), ...overflow };
}

const byReach = (one: Cut, other: Cut): number =>
  reaches.indexOf(one.reach) - reaches.indexOf(other.reach) ||
  other.atSeconds - one.atSeconds ||
  (one.name < other.name ? -1 : 1);
