/** What can be wrong with an archive of evidence. A code never changes its meaning. */
export const evidenceCodes = [
  "archive.malformed",
  "member.missing",
  "member.changed",
  "member.unknown",
  "manifest.malformed",
  "key.malformed",
  "key.other",
  "checkpoint.invalid",
  "checkpoint.forked",
  "record.malformed",
  "record.changed",
  "record.missing",
  "record.foreign",
  "proof.missing",
  "proof.invalid",
  "tree.incomplete",
  "session.disagrees",
  "registry.unproven",
  "policy.disagrees",
  "call.malformed",
  "call.foreign",
] as const;

/** One of {@link evidenceCodes}. */
type EvidenceCode = (typeof evidenceCodes)[number];

/** One thing that is wrong. */
export interface EvidenceFinding {
  readonly code: EvidenceCode;
  /** The file it is about. */
  readonly member?: string;
  readonly what: string;
}
