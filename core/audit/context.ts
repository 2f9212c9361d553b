import { isCanary } from "../model/canary.ts";
import type { Clock } from "../model/ports.ts";
import type { Call } from "../model/wire.ts";
import type { AuditFacts } from "./record.ts";

/** Facts of a decision before its outcome is known. */
export type FactsSoFar = Omit<AuditFacts, "outcome" | "denial">;

/**
 * What is known of one decision so far. It is started with the call, filled along the way, and recorded once, on a
 * grant and on a refusal alike. Every endpoint keeps one.
 */
export interface AuditContext {
  readonly facts: FactsSoFar;
  /**
   * Whether the caller has proved who it is. A later refusal gets a record of its own; an earlier one is only counted.
   */
  authenticated: boolean;
  /** Adds facts; a later value replaces an earlier one. */
  add(more: Partial<FactsSoFar>): void;
  /** Removes a fact that no longer explains anything. */
  drop(name: keyof FactsSoFar): void;
}

/**
 * Starts a context with what is known of a call before any of it is read.
 * @param operation the operation to record until more is known
 */
export function startAudit(
  call: Pick<Call, "requestId" | "sourceIp" | "userAgent">,
  operation: AuditFacts["operation"],
  clock: Clock,
): AuditContext {
  let facts: FactsSoFar = {
    operation,
    timeMillis: clock.nowMillis(),
    requestId: call.requestId,
    ...(call.sourceIp === undefined ? {} : { sourceIp: call.sourceIp }),
    ...(call.userAgent === undefined ? {} : { userAgent: call.userAgent }),
  };
  let authenticated = false;
  return {
    get authenticated() {
      return authenticated;
    },
    set authenticated(value) {
      authenticated = value;
    },
    add: (more) => {
      facts = { ...facts, ...more };
    },
    drop: (name) => {
      const { [name]: _, ...rest } = facts;
      facts = rest as FactsSoFar;
    },
    get facts() {
      // by its proved name alone: anybody may name the canary in a request
      return authenticated && isCanary(facts.agent) ? { ...facts, canary: true as const } : facts;
    },
  };
}
