import type { AuditRecord } from "../audit/record.ts";

/** What is remembered of one active agent; it goes when the agent is no longer active. */
export interface Trace {
  readonly name: string;
  /** Counts writes, so that of two looks at one time one is told of. */
  readonly revision: number;
  /** Until when it is known to have had a session, or else when it was first seen active. */
  readonly seenAtSeconds: number;
  /** It was told of as dormant since. */
  readonly toldDormant?: true;
  /** The review day that it was told of as missed. */
  readonly toldReviewBy?: string;
}

/** What was remembered when a look begins. */
interface Memory {
  /** When the last look that went through to its end began; undefined before the first. */
  readonly lookedAtSeconds: number | undefined;
  readonly traces: readonly Trace[];
}

/** Where the watch finds sessions and keeps what it knows. */
export interface LifecycleStore {
  /** Strongly consistent. */
  memory(): Promise<Memory>;
  /** The latest end of any session of an agent that is still stored: at least all that ended within a day. */
  latestEndSeconds(agentId: string): Promise<number | undefined>;
  /**
   * Writes a trace over the one of the revision before, with the records of what is told, all or nothing.
   * @returns false when another look was faster
   */
  keep(trace: Trace, records: readonly AuditRecord[]): Promise<boolean>;
  /** Takes a trace away. */
  forget(name: string): Promise<void>;
  /** Remembers a look that went through to its end. */
  looked(atSeconds: number): Promise<void>;
}
