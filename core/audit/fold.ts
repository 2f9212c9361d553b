import type { AuditFacts } from "./record.ts";

/** Folds refusals of unauthenticated calls per reason and minute. */
export interface RefusalFold {
  /** Counts one refusal; the first of its reason and minute is recorded at once, the rest as one count afterwards. */
  add(facts: AuditFacts): Promise<void>;
}
