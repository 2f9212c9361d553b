/** What may be found wrong with the trail; each word is stable. docs/runbook.md says what each means. */
export type FindingKind =
  /** A record that has no place in the log. */
  | "leaf.missing"
  /** A record in the log that stands in no object. */
  | "object.missing"
  /** A line of an object of which neither the Outbox nor the log knows. */
  | "record.unknown"
  /** A line of an object that is not the record of its id. */
  | "record.changed"
  /** An object of the log that is not what was written. */
  | "tile.changed"
  /** The log should have a newer checkpoint than it has. */
  | "checkpoint.late";

/** What was found: of one kind, on some subjects. */
export interface Finding {
  readonly kind: FindingKind;
  /** Event ids, or what else the finding is about. */
  readonly subjects: readonly string[];
}

/** Told of findings: people are woken. */
export interface Findings {
  /** Tells of those subjects that were not told of before. @throws when nobody could be told */
  tell(finding: Finding): Promise<void>;
}

/** Most subjects of one finding: beyond it the log is not incomplete here and there, but stands. */
export const subjectsMax = 100;
