import type { Clock } from "../model/ports.ts";
import type { Call } from "../model/wire.ts";
import type { AuditFacts } from "./record.ts";

/** Facts of a decision before its outcome is known. */
export type FactsSoFar = Omit<AuditFacts, "outcome" | "denial">;

/**
 * What is known of one decision so far: started with the call, filled along the way, and emitted once, on a grant and on a
 * refusal alike. Every endpoint keeps one.
 */
export interface AuditContext {
  readonly facts: FactsSoFar;
  /** Whether the caller proved who it is: a refusal after that gets a record of its own, one before it is counted. */
  authenticated: boolean;
  /** Later facts win. */
  add(more: Partial<FactsSoFar>): void;
  /** Takes a fact back that no longer explains anything. */
  drop(name: keyof FactsSoFar): void;
}

/**
 * Starts one with what is known of a call before anything of it is read.
 * @param operation what it is recorded as until more is known
 */
export function startAudit(call: Call, operation: AuditFacts["operation"], clock: Clock): AuditContext {
  let facts: FactsSoFar = {
    operation,
    timeMillis: clock.nowMillis(),
    requestId: call.requestId,
    ...(call.sourceIp === undefined ? {} : { sourceIp: call.sourceIp }),
    ...(call.userAgent === undefined ? {} : { userAgent: call.userAgent }),
  };
  return {
    authenticated: false,
    add: (more) => {
      facts = { ...facts, ...more };
    },
    drop: (name) => {
      const { [name]: _, ...rest } = facts;
      facts = rest as FactsSoFar;
    },
    get facts() {
      return facts;
    },
  };
}
