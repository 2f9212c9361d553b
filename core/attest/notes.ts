import type { AuditFacts } from "../audit/record.ts";

/** The audit record of one attestation, filled along the way, and whether the caller proved who it is. */
export type Notes = {
  -readonly [Fact in keyof Omit<AuditFacts, "outcome" | "denial">]: AuditFacts[Fact];
} & { authenticated: boolean };

/** The facts alone. */
export function factsOf(notes: Notes): Omit<AuditFacts, "outcome" | "denial"> {
  const { authenticated: _, ...facts } = notes;
  return facts;
}
