import { type Walk, walkEntries } from "./entries.ts";
import { type Head, keptHead } from "./heads.ts";
import {
  farMarginMillis,
  type KeptName,
  marginMillis,
  pendingMillis,
  type TrailPorts,
  type TrailQuestion,
} from "./ports.ts";
import { checkLine, judge, type Lines, type Shown } from "./records.ts";

/** Told how far long work is. */
export type Progress = (what: "checkpoints" | "entries" | "records", done: number) => void;

/** A trail that is being read. */
interface Reading {
  readonly ports: TrailPorts;
  readonly question: TrailQuestion;
  /** All kept checkpoints in the order of their sizes, and those by which times are judged. */
  readonly kept: readonly KeptName[];
  readonly windows: readonly KeptName[];
  readonly head: Head;
  readonly walk: Walk;
  readonly lines: Lines;
  readonly progress: Progress;
}

/**
 * Entries against lines, both read a little beyond the ends of the time asked for, since a record and its entry arrive
 * at different moments; and what still has no counterpart is looked for in a day on either side.
 */
export async function compareRecords(reading: Reading): Promise<{ checkpoints: number; pending: number }> {
  const { question, walk, lines } = reading;
  const { findings } = lines;
  const core = sizesOf(reading, 0);
  const near = sizesOf(reading, marginMillis);
  const far = sizesOf(reading, farMarginMillis);
  const [from, to] = timesOf(question, 0);
  let checkpoints = await walkWithin(near, reading);
  const unplaced: Shown[] = [];
  for await (const missing of linesWithin(timesOf(question, marginMillis), reading))
    if (missing.writtenAtMillis >= from && missing.writtenAtMillis < to) unplaced.push(missing);
  if (unplaced.length > 0) {
    checkpoints += await walkWithin([far[0], near[0]], reading);
    checkpoints += await walkWithin([near[1], far[1]], reading);
  }
  let pending = 0;
  for (const shown of unplaced) {
    const { eventId, where, writtenAtMillis } = shown;
    if (judge(shown, lines)) continue;
    if (writtenAtMillis > question.nowMillis - pendingMillis) pending += 1;
    else findings.add({ code: "record.unknown", what: "the log has no such record", where, eventId });
  }
  const [low, high] = [timesOf(question, marginMillis), timesOf(question, farMarginMillis)];
  for (const span of [[high[0], low[0]] as const, [low[1], high[1]] as const])
    if (span[0] < span[1] && dropped(core, walk).length > 0) for await (const _ of linesWithin(span, reading));
  const settled = settledSize(reading);
  for (const { eventId, index } of dropped(core, walk)) {
    if (index >= settled) pending += 1;
    else findings.add({ code: "record.dropped", what: "no object holds this record", eventId, index });
  }
  return { checkpoints, pending };
}

/** Entries of a range whose record no line held. */
const dropped = ([from, to]: readonly [number, number], { entries }: Walk) =>
  [...entries].flatMap(([eventId, { index, isFound }]) =>
    isFound || index < from || index >= to ? [] : [{ eventId, index }],
  );

/** The time asked for, wider by a margin on either side. */
function timesOf({ fromMillis, toMillis }: TrailQuestion, margin: number): readonly [number, number] {
  return [(fromMillis ?? Number.NEGATIVE_INFINITY) - margin, (toMillis ?? Number.POSITIVE_INFINITY) + margin];
}

/** The entries that were sealed in that time: from the last checkpoint before it to the first that is not within. */
function sizesOf({ question, windows, head }: Reading, margin: number): readonly [number, number] {
  const [from, to] = timesOf(question, margin);
  const before = windows.findLast(({ arrivedAtMillis }) => arrivedAtMillis < from)?.size ?? 0;
  const isOver = windows.some(({ arrivedAtMillis }) => arrivedAtMillis >= to);
  const last = windows.findLast(({ arrivedAtMillis }) => arrivedAtMillis < to)?.size ?? 0;
  return [Math.min(before, head.size), isOver ? Math.min(last, head.size) : head.size];
}

/** Entries below this were sealed long enough ago for their objects to be there. */
const settledSize = ({ windows, head, question }: Reading): number => {
  // without kept checkpoints nothing tells when anything was sealed
  if (windows.length === 0) return head.size;
  return windows.findLast(({ arrivedAtMillis }) => arrivedAtMillis < question.nowMillis - pendingMillis)?.size ?? 0;
};

/** Reads the kept checkpoints and the entries of a range. @returns how many checkpoints were opened */
async function walkWithin([from, to]: readonly [number, number], reading: Reading): Promise<number> {
  if (from >= to) return 0;
  const { ports, question, kept, walk, progress } = reading;
  const names = kept.filter(({ size }) => size > from && size <= to);
  const heads: Head[] = [];
  for (let at = 0; at < names.length; at += 32) {
    const read = names.slice(at, at + 32).map(({ size }) => keptHead(ports, size, question.log, walk.findings));
    for (const head of await Promise.all(read)) if (head) heads.push(head);
    progress("checkpoints", heads.length);
  }
  await walkEntries([from, to], heads, walk);
  return heads.length;
}

/** Lines of a time, held against the entries that were read. @returns those without an entry */
async function* linesWithin([from, to]: readonly [number, number], reading: Reading): AsyncGenerator<Shown> {
  for await (const line of reading.ports.lines(from, to)) {
    const unplaced = checkLine(line, reading.lines);
    if (reading.lines.told.records % 1_000 === 0) reading.progress("records", reading.lines.told.records);
    if (unplaced) yield unplaced;
  }
}
