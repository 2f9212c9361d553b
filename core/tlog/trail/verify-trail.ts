import { compareRecords, type Progress } from "./compare.ts";
import type { Placed, Walk } from "./entries.ts";
import { Findings, type TrailCode, type TrailFinding } from "./finding.ts";
import { compareKnown, currentHead, findSilences, type Head, inArrival } from "./heads.ts";
import type { TrailPorts, TrailQuestion } from "./ports.ts";
import { TrustedTiles } from "./trusted-tiles.ts";

/** What a verification found. */
export interface TrailReport {
  /** The checkpoint that everything was held against; absent when none may be believed. */
  readonly head?: Head;
  /** How much was read: entries of the log, lines of the audit, kept checkpoints, and those kept elsewhere. */
  readonly checked: {
    readonly entries: number;
    readonly records: number;
    readonly checkpoints: number;
    readonly known: number;
  };
  /** Lines that repeat a record, byte for byte: no fault. */
  readonly repeated: number;
  /** Records or entries of the last minutes whose counterpart may be on its way. */
  readonly pending: number;
  /** Event ids of records that were sent again, whose times are not judged. */
  readonly redriven: readonly string[];
  /** The first thousand; `counts` has all. */
  readonly findings: readonly TrailFinding[];
  readonly counts: Readonly<Partial<Record<TrailCode, number>>>;
}

/**
 * Verifies a trail: that its checkpoint is signed and continues every checkpoint that is known; that tiles, entries and
 * kept checkpoints are what it commits to; and that entries and records are the same, each record's time within the
 * window of its checkpoints. What is dropped, changed, reordered, duplicated, inserted, backdated, forked or rolled back
 * is found under a code of its own.
 */
export async function verifyTrail(
  ports: TrailPorts,
  question: TrailQuestion,
  progress: Progress = () => {},
): Promise<TrailReport> {
  const findings = new Findings();
  // before the checkpoint: one that comes between the two readings must not look like a step back
  const kept = (await ports.kept()).toSorted((one, other) => one.size - other.size);
  const windows = inArrival(kept, findings);
  const head = await currentHead(ports, question, { kept, findings });
  const told = { records: 0, repeated: 0, redriven: [] as string[] };
  const entries = new Map<string, Placed>();
  const report = (rest: { checkpoints: number; known: number; pending: number }): TrailReport => ({
    ...(head === undefined ? {} : { head }),
    checked: { entries: entries.size, records: told.records, checkpoints: rest.checkpoints, known: rest.known },
    ...{ repeated: told.repeated, redriven: told.redriven, pending: rest.pending },
    ...{ findings: findings.list, counts: findings.counts },
  });
  if (head === undefined) return report({ checkpoints: 0, known: 0, pending: 0 });
  findSilences(windows, question, findings);
  const tiles = await TrustedTiles.open(head, ports.read, findings);
  const known = await compareKnown(head, question, { tiles, findings });
  const walk: Walk = {
    ...{ tree: { size: head.size, read: ports.read }, tiles, findings, entries },
    progress: (done) => progress("entries", done),
  };
  const { checkpoints, pending } = await compareRecords({
    ports,
    question,
    kept,
    windows,
    head,
    walk,
    progress,
    lines: { entries, windows, findings, told },
  });
  return report({ checkpoints, known, pending });
}
