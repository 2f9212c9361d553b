import type { AuditFacts } from "./record.ts";

/** What is known of a decision so far: filled along the way, emitted once, on success and on denial alike. */
export interface Trail {
  /** Later facts win. */
  add(facts: Partial<AuditFacts>): void;
  readonly facts: Omit<AuditFacts, "outcome" | "denial">;
}

/** Starts a trail with what is known before anything is read. */
export function startTrail(first: Omit<AuditFacts, "outcome" | "denial">): Trail {
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
