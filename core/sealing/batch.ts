import type { Clock } from "../model/ports.ts";
import { sha256 } from "../text/digest.ts";
import { append } from "../tlog/append.ts";
import { entryOf, heartbeatPrefix, isOwnEntry, type LogEntry, readEntry, redrivenPrefix } from "../tlog/entry.ts";
import { tilePath } from "../tlog/tile.ts";
import type { Head, HeadStore } from "./head.ts";
import { keep, type LogObjects, tilesOf } from "./objects.ts";
import type { Unplaced, Worklist } from "./worklist.ts";

/** What a batch needs. */
export interface BatchDeps {
  readonly clock: Clock;
  readonly head: HeadStore;
  readonly worklist: Worklist;
  readonly objects: LogObjects;
}

/** Most records of one batch: a row of DynamoDB holds four times as many. */
const batchMax = 1_000;
const hourMillis = 3_600_000;

/**
 * Records for the next batch; where there are none and there were none for an hour, an entry that says so: a log that
 * stands still and one that is held back would otherwise look the same to whoever has a checkpoint.
 * @returns the batch; empty when nothing is to be done
 */
export async function chooseBatch({ begunAtMillis, size }: Head, deps: BatchDeps): Promise<readonly LogEntry[]> {
  // the index may still show what the last batch placed
  const waiting = await deps.worklist.waiting(2 * batchMax);
  const unplaced = waiting.length === 0 ? [] : await deps.worklist.unplaced([...new Set(waiting)]);
  // a row that somebody wrote by hand must not stop the log
  const fit = unplaced.filter((one) => isEntry(one)).slice(0, batchMax);
  if (fit.length > 0) return fit.flatMap(marked);
  const now = deps.clock.nowMillis();
  return size > 0 && now - begunAtMillis < hourMillis ? [] : [await heartbeat(now)];
}

/** The entries of one record: its own, and before it, where an operator had it sent again, one that says so. */
const marked = ({ eventId, hash, isRedriven }: Unplaced): readonly LogEntry[] => [
  ...(isRedriven && isEntry({ eventId: `${redrivenPrefix}${eventId}`, hash }, true)
    ? [{ eventId: `${redrivenPrefix}${eventId}`, hash }]
    : []),
  { eventId, hash },
];

const isEntry = ({ eventId, hash }: LogEntry, mayBeOwn = false): boolean =>
  (mayBeOwn || !isOwnEntry(eventId)) && readEntry(Buffer.from(`${eventId}\n${hash}`, "utf8")).ok;

async function heartbeat(nowMillis: number): Promise<LogEntry> {
  const eventId = `${heartbeatPrefix}${new Date(nowMillis).toISOString().slice(0, 13)}Z`;
  return { eventId, hash: await sha256(eventId) };
}

/**
 * Finishes the batch in a head. Everything it writes follows from the head alone, so that several may do it at the same
 * time, each from wherever another died. Records are given their places before the batch leaves the head: who reads the
 * next head finds none of them without its place.
 * @returns false when somebody else had it finished first
 * @throws ChangedObject, TileFault when the log is not what its head says
 */
export async function finishBatch(
  head: Head & { readonly batch: readonly LogEntry[] },
  { objects, worklist, head: heads }: BatchDeps,
): Promise<boolean> {
  const { batch, size: first, root, ...rest } = head;
  const grown = await append({ size: first, root, read: tilesOf(objects) }, batch.map(entryOf));
  for (const { name, bytes } of grown.tiles) await keep(objects, tilePath(name), bytes);
  const placed = batch.map(({ eventId }, n) => ({ eventId, index: first + n }));
  const records = placed.filter(({ eventId }) => !isOwnEntry(eventId));
  for (let at = 0; at < records.length; at += placedAtOnce)
    await Promise.all(records.slice(at, at + placedAtOnce).map(({ eventId, index }) => worklist.place(eventId, index)));
  return heads.write({ ...rest, revision: head.revision + 1, size: grown.size, root: grown.root });
}

const placedAtOnce = 20;
