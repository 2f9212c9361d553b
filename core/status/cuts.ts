import { subjects } from "../model/subjects.ts";
import type { Change } from "./changes.ts";
import { cutName } from "./cut-name.ts";

/**
 * How many sessions one cut reaches, the widest first. Where not all cuts fit into the document, the widest are kept,
 * since the status lists take longest to show theirs.
 */
const reaches = ["deployment", "agent", "build", "principal", "login"] as const;

/** A subject whose epoch was raised, kept for as long as a token from before may live. */
export interface Cut {
  /** The subject by its name in the document. */
  readonly name: string;
  readonly epoch: number;
  readonly reach: (typeof reaches)[number];
  /** When the publisher read it. */
  readonly atSeconds: number;
  /** When the last token from before it expires. */
  readonly untilSeconds: number;
}

/** Everything that was cut and may still concern a token. */
export interface CutLedger {
  /** Grows with every change, so that of two documents the older one can be told. */
  readonly version: number;
  /** In order of priority: the first are kept when not all fit. */
  readonly cuts: readonly Cut[];
  /** Until when the ledger lacks cuts that did not fit. */
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
  /** When the last token that may have been issued until now expires. */
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

/** The cuts of a ledger that may still concern a token. */
export const lastingCuts = ({ cuts }: CutLedger, nowSeconds: number): readonly Cut[] =>
  cuts.filter(({ untilSeconds }) => untilSeconds > nowSeconds);

/** Whether the ledger lacks cuts that may still concern a token. */
export const isOverflowing = ({ overflowUntilSeconds = 0 }: CutLedger, nowSeconds: number): boolean =>
  overflowUntilSeconds > nowSeconds;

/**
 * Adds cuts to a ledger and drops those that concern no token any more. An epoch only ever grows. Where not all fit,
 * the widest are kept first, among those the newest, and of one instant those whose names come first in the alphabet.
 * For dropped cuts the ledger notes until when it lacks them.
 * @param fits how many of these cuts, from the first on, fit into a document
 * @returns the same ledger, unchanged, when it contains all of them already
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
