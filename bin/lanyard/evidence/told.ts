import type { EvidenceFinding } from "../../../core/evidence/finding.ts";

const most = 200;

/** Findings as lines, the first of them. */
export const findingLines = (findings: readonly EvidenceFinding[]): readonly string[] => [
  ...findings
    .slice(0, most)
    .map(({ code, member, what }) => ["FOUND ", code, ...(member === undefined ? [] : [member]), what].join("  ")),
  ...(findings.length > most ? [`… and ${findings.length - most} more`] : []),
];
