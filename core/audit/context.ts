import type { AuditFacts } from "./record.ts";

/** What is known of a decision so far: filled along the way, emitted once, on success and on denial alike. */
export interface AuditContext {
  /** Later facts win. */
  add(facts: Partial<AuditFacts>): void;
  readonly facts: Omit<AuditFacts, "outcome" | "denial">;
}

/** Starts one with what is known before anything is read. */
export function startAudit(first: Omit<AuditFacts, "outcome" | "denial">): AuditContext {
  let facts = first;
  return {
    add: (more) => {
      facts = { ...facts, ...more };
    },
    get facts() {
      return facts;
    },
  };
}
