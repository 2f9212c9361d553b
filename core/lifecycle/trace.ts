import type { AuditRecord } from "../audit/record.ts";

/** What is remembered of one active agent; deleted when the agent is no longer active. */
export interface Trace {
  readonly name: string;
  /** Counts writes, so that of two runs at the same time only one reports. */
  readonly revision: number;
  /** Until when it is known to have had a session; or, without any, when it was first seen active. */
  readonly seenAtSeconds: number;
  /** It was reported as dormant, and has had no session since. */
  readonly toldDormant?: true;
  /** The review day that was reported as missed. */
  readonly toldReviewBy?: string;
}

/** What is remembered when a run begins. */
interface Memory {
  /** When the last complete run began; undefined before the first. */
  readonly lookedAtSeconds: number | undefined;
  readonly traces: readonly Trace[];
}

/** Where the watch reads sessions and stores what it knows. */
export interface LifecycleStore {
  /** Everything remembered, strongly consistent. */
  memory(): Promise<Memory>;
  /** The latest end of any stored session of an agent. At least all sessions that ended within a day are stored. */
  latestEndSeconds(agentId: string): Promise<number | undefined>;
  /**
   * Replaces a trace by its next revision, together with the records of what is reported, all or nothing.
   * @returns false when another run wrote that revision first
   */
  keep(trace: Trace, records: readonly AuditRecord[]): Promise<boolean>;
  /** Deletes a trace. */
  forget(name: string): Promise<void>;
  /** Remembers when a complete run began. */
  looked(atSeconds: number): Promise<void>;
}
