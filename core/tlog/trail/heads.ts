import { openCheckpoint, type SignedCheckpoint } from "../checkpoint.ts";
import { edgeRoot } from "../tree.ts";
import { isWitnessed } from "../witness.ts";
import type { Findings } from "./finding.ts";
import {
  type KeptName,
  type KnownLog,
  pendingMillis,
  silenceMillis,
  type TrailPorts,
  type TrailQuestion,
} from "./ports.ts";
import type { TrustedTiles } from "./trusted-tiles.ts";

/** A signed checkpoint, and its note as it was read. */
export interface Head extends SignedCheckpoint {
  readonly note: string;
}

const keptPath = (size: number): string => `checkpoints/${size}`;

/** Opens a checkpoint of the log; one that may not be believed is a finding. */
function openHead(note: string, where: string, log: KnownLog, findings: Findings): Head | undefined {
  const open = openCheckpoint(note, { ...log, witnesses: log.witnesses?.keys ?? [] });
  if (open.ok) return { ...open.value, note };
  findings.add({ code: "checkpoint.invalid", what: `a checkpoint may not be believed: ${open.error}`, where });
  return undefined;
}

/**
 * The head that the log is held against: the current checkpoint, or the largest kept one when that is larger: somebody
 * put an old one in its place.
 */
export async function currentHead(
  ports: TrailPorts,
  { log, nowMillis }: TrailQuestion,
  { kept, findings }: { readonly kept: readonly KeptName[]; readonly findings: Findings },
): Promise<Head | undefined> {
  const note = await ports.checkpoint();
  if (note === undefined)
    findings.add({ code: "checkpoint.missing", what: "the log has no checkpoint", where: "checkpoint" });
  const current = note === undefined ? undefined : openHead(note, "checkpoint", log, findings);
  if (current && log.witnesses && !isWitnessed(current.signatures, log.witnesses))
    findings.add({
      code: "checkpoint.unwitnessed",
      what: `fewer than ${log.witnesses.quorum} of its witnesses have signed the checkpoint`,
      where: "checkpoint",
    });
  const last = kept.at(-1);
  if (last === undefined || last.size <= (current?.size ?? -1)) return current;
  const largest = await keptHead(ports, last.size, log, findings);
  if (largest && current && nowMillis - last.arrivedAtMillis > pendingMillis)
    findings.add({
      code: "log.rolledback",
      what: `the checkpoint has ${current.size} entries, and a kept one has ${largest.size}`,
      where: "checkpoint",
    });
  return largest ?? current;
}

/** One kept checkpoint, opened; it must have the size that its name says. */
export async function keptHead(
  ports: TrailPorts,
  size: number,
  log: KnownLog,
  findings: Findings,
): Promise<Head | undefined> {
  const where = keptPath(size);
  const note = await ports.keptCheckpoint(size);
  if (note === undefined) {
    findings.add({ code: "checkpoint.missing", what: "a kept checkpoint is gone", where });
    return undefined;
  }
  const head = openHead(note, where, log, findings);
  if (head === undefined || head.size === size) return head;
  findings.add({ code: "checkpoint.invalid", what: `it is of ${head.size} entries, not of its name's`, where });
  return undefined;
}

/**
 * Holds checkpoints that were kept elsewhere against the log: both were signed, so that where they disagree the log
 * showed two histories, or went back.
 * @returns how many of them could be judged
 */
export async function compareKnown(
  head: Head,
  { log, known }: TrailQuestion,
  { tiles, findings }: { readonly tiles: TrustedTiles; readonly findings: Findings },
): Promise<number> {
  let judged = 0;
  for (const { from, note } of known) {
    const other = openHead(note, from, log, findings);
    if (other === undefined) continue;
    if (other.size > head.size) {
      const what = `the log has ${head.size} entries, and had ${other.size}`;
      findings.add({ code: "log.rolledback", what, where: from });
      judged += 1;
      continue;
    }
    const { edge, isTrusted } = await tiles.edgeAt(other.size);
    if (!isTrusted) continue;
    judged += 1;
    if (!edgeRoot(edge).equals(other.root))
      findings.add({ code: "log.forked", what: forked(other.size), where: from, index: other.size });
  }
  return judged;
}

export const forked = (size: number): string => `two signed checkpoints disagree about the first ${size} entries`;

/**
 * Kept checkpoints in the order of their sizes, without those that came after a larger one: whoever puts one in later
 * would move the window of the records around it.
 */
export function inArrival(names: readonly KeptName[], findings: Findings): readonly KeptName[] {
  const sorted = names.toSorted((one, other) => one.size - other.size);
  let earliest = Number.POSITIVE_INFINITY;
  const fit: KeptName[] = [];
  for (const name of sorted.toReversed()) {
    if (name.arrivedAtMillis > earliest) {
      const what = "it arrived after a checkpoint that is larger";
      findings.add({ code: "checkpoint.late", what, where: keptPath(name.size) });
      continue;
    }
    earliest = name.arrivedAtMillis;
    fit.push(name);
  }
  return fit.toReversed();
}

/** Finds silences: times in which the log wrote nothing, not even the entry of each hour, and so proves nothing. */
export function findSilences(
  windows: readonly KeptName[],
  { isLive, nowMillis, fromMillis = Number.NEGATIVE_INFINITY, toMillis = Number.POSITIVE_INFINITY }: TrailQuestion,
  findings: Findings,
): void {
  const last = windows.at(-1);
  if (last === undefined) return;
  const ends = [...windows, ...(isLive ? [{ size: last.size, arrivedAtMillis: nowMillis }] : [])];
  for (const [n, { size, arrivedAtMillis }] of ends.entries()) {
    const before = ends[n - 1]?.arrivedAtMillis ?? arrivedAtMillis;
    const isAsked = arrivedAtMillis >= fromMillis && before <= toMillis;
    if (!isAsked || arrivedAtMillis - before <= silenceMillis) continue;
    const [since, until] = [before, arrivedAtMillis].map((millis) => new Date(millis).toISOString());
    const what = `the log was silent from ${since} to ${until}, and proves nothing of that time`;
    findings.add({ code: "checkpoint.late", what, where: keptPath(size), index: size });
  }
}
