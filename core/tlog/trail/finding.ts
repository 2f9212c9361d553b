/** What may be wrong with a trail. Each code is stable: alarms and auditors go by it. */
const trailCodes = [
  "checkpoint.missing",
  "checkpoint.invalid",
  "checkpoint.late",
  "checkpoint.unwitnessed",
  "log.forked",
  "log.rolledback",
  "tile.missing",
  "tile.changed",
  "entry.changed",
  "entry.reordered",
  "entry.malformed",
  "entry.duplicated",
  "record.dropped",
  "record.changed",
  "record.unknown",
  "record.backdated",
  "record.postdated",
] as const;

/** One of {@link trailCodes}. */
export type TrailCode = (typeof trailCodes)[number];

/** One thing that is wrong with a trail. */
export interface TrailFinding {
  readonly code: TrailCode;
  /** A sentence for people. */
  readonly what: string;
  /** Path of an object of the log or of the audit, below the place they were read from. */
  readonly where?: string;
  readonly eventId?: string;
  /** Place in the log. */
  readonly index?: number;
}

/** Findings that are kept to be shown; the rest is only counted, so that a trail full of faults fits in memory. */
const kept = 1_000;

/** Collects findings. */
export class Findings {
  readonly list: TrailFinding[] = [];
  readonly counts: Partial<Record<TrailCode, number>> = {};
  private readonly told = new Set<string>();

  /** Adds a finding; the same one twice is one. */
  add(finding: TrailFinding): void {
    const { code, where = "", eventId = "", index = "" } = finding;
    const name = [code, where, eventId, index].join("\n");
    if (this.told.has(name)) return;
    if (this.told.size < 100 * kept) this.told.add(name);
    this.counts[code] = (this.counts[code] ?? 0) + 1;
    if (this.list.length < kept) this.list.push(finding);
  }
}
