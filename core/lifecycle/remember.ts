import type { AuditOperation, AuditRecord, Recorder } from "../audit/record.ts";
import type { AgentRegistration } from "../model/agent-registration.ts";
import { ownerWords } from "../model/owner.ts";
import type { Clock, Ids } from "../model/ports.ts";
import type { Findings } from "./findings.ts";
import type { LifecycleStore, Trace } from "./trace.ts";

/** One run's view of one agent. */
interface Seen {
  readonly agent: AgentRegistration;
  readonly agentId: string;
  readonly trace: Trace | undefined;
  readonly seenAtSeconds: number;
  readonly findings: Findings;
  readonly registryVersion: number;
}

/** What remembering needs. */
export interface RememberDeps {
  readonly store: LifecycleStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly toRecord: Recorder;
  /** Id of the run's call, for the records. */
  readonly requestId: string;
}

/**
 * Stores what is new about an agent, and reports it in the same transaction, so that of two runs at the same time only
 * one reports.
 */
export async function remember(seen: Seen, deps: RememberDeps): Promise<void> {
  const { agent, trace, seenAtSeconds, findings } = seen;
  const tellReview = findings.overdue && trace?.toldReviewBy !== agent.reviewBy;
  const tellDormant = findings.dormant && trace?.toldDormant !== true;
  const awake = !findings.dormant && trace?.toldDormant === true;
  const moved = trace?.seenAtSeconds !== seenAtSeconds;
  if (!moved && !tellReview && !tellDormant && !awake) return;
  const toldReviewBy = tellReview ? agent.reviewBy : trace?.toldReviewBy;
  const next: Trace = {
    name: agent.name,
    revision: (trace?.revision ?? 0) + 1,
    seenAtSeconds,
    ...(findings.dormant ? { toldDormant: true } : {}),
    ...(toldReviewBy === undefined ? {} : { toldReviewBy }),
  };
  await deps.store.keep(next, [
    ...(tellReview
      ? [recordOf({ operation: "agent.overdue", what: `its review was due by ${agent.reviewBy}` }, seen, deps)]
      : []),
    ...(tellDormant
      ? [recordOf({ operation: "agent.dormant", what: `no session since ${dayOf(seenAtSeconds)}` }, seen, deps)]
      : []),
  ]);
}

const dayOf = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);

function recordOf(
  { operation, what }: { readonly operation: AuditOperation; readonly what: string },
  seen: Seen,
  deps: RememberDeps,
): AuditRecord {
  const { agent, agentId, registryVersion } = seen;
  const { clock, ids, requestId, toRecord } = deps;
  const reason = `${what}; ${ownerWords(agent.owner)} answers for it, sponsor ${agent.sponsor}`;
  const facts = { timeMillis: clock.nowMillis(), requestId, target: `agent:${agentId}`, reason, registryVersion };
  return toRecord({ operation, outcome: "allowed", ...facts }, ids.id());
}
