import { createHash } from "node:crypto";
import type { Placed } from "./entries.ts";
import type { Findings } from "./finding.ts";
import { type KeptName, lateMillis, skewMillis, type TrailLine } from "./ports.ts";

/** What lines are held against. */
export interface Lines {
  readonly entries: ReadonlyMap<string, Placed>;
  /** Kept checkpoints by size and arrival. */
  readonly windows: readonly KeptName[];
  readonly findings: Findings;
  /** Counts of what is no fault. */
  readonly told: { records: number; repeated: number; redriven: string[] };
}

/** What a line says it is: a record of this id, hash and time. */
export interface Shown {
  readonly eventId: string;
  readonly hash: string;
  readonly timeMillis: number;
  readonly where: string;
  readonly writtenAtMillis: number;
}

/** Most ids of redriven records that are listed. */
const redrivenMax = 1_000;

/**
 * Holds one line against the log.
 * @returns what it shows when no entry among those that were read has its record's id
 */
export function checkLine({ text, where, writtenAtMillis }: TrailLine, lines: Lines): Shown | undefined {
  lines.told.records += 1;
  const record = recordOf(text);
  if (record === undefined) {
    lines.findings.add({ code: "record.unknown", what: "a line is no record at all", where });
    return undefined;
  }
  const hash = createHash("sha256").update(text).digest("base64url");
  const shown = { ...record, hash, where, writtenAtMillis };
  return judge(shown, lines) ? undefined : shown;
}

/**
 * Holds a record against its entry: the hash must be that of these very bytes, and its time must lie in the window of
 * its checkpoints: after the last that does not cover it, before the first that does.
 * @returns whether it has an entry
 */
export function judge(shown: Shown, { entries, windows, findings, told }: Lines): boolean {
  const { eventId, hash, timeMillis, where } = shown;
  const entry = entries.get(eventId);
  if (entry === undefined) return false;
  const at = { where, eventId, index: entry.index };
  const isRepeated = entry.isFound;
  entry.isFound = true;
  if (hash !== entry.hash) {
    findings.add({ code: "record.changed", what: "a record is not the one that was sealed", ...at });
    return true;
  }
  // delivery may repeat a record: the same bytes under the same id are the same record
  if (isRepeated) told.repeated += 1;
  if (entry.isRedriven) {
    if (told.redriven.length < redrivenMax) told.redriven.push(eventId);
    return true;
  }
  const { after, before } = windowOf(entry.index, windows);
  const [says, sealed] = [`it says ${iso(timeMillis)}`, "and was sealed"];
  if (after !== undefined && timeMillis < after - lateMillis)
    findings.add({ code: "record.backdated", what: `${says}, ${sealed} after ${iso(after)}`, ...at });
  if (before !== undefined && timeMillis > before + skewMillis)
    findings.add({ code: "record.postdated", what: `${says}, ${sealed} before ${iso(before)}`, ...at });
  return true;
}

const iso = (millis: number): string =>
  Number.isFinite(millis) && Math.abs(millis) < 8.64e15 ? new Date(millis).toISOString() : String(millis);

/** Between which two moments an entry was sealed, by the arrival of the checkpoints around it. */
function windowOf(index: number, windows: readonly KeptName[]): { readonly after?: number; readonly before?: number } {
  let [low, high] = [0, windows.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((windows[middle]?.size ?? 0) > index) high = middle;
    else low = middle + 1;
  }
  const [last, first] = [windows[low - 1], windows[low]];
  return {
    ...(last === undefined ? {} : { after: last.arrivedAtMillis }),
    ...(first === undefined ? {} : { before: first.arrivedAtMillis }),
  };
}

function recordOf(text: string): { readonly eventId: string; readonly timeMillis: number } | undefined {
  try {
    const { metadata, time } = JSON.parse(text) as { metadata?: { uid?: unknown }; time?: unknown };
    const eventId = metadata?.uid;
    return typeof eventId === "string" && typeof time === "number" ? { eventId, timeMillis: time } : undefined;
  } catch {
    return undefined;
  }
}
