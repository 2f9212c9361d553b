import type { AuditRecord } from "../audit/record.ts";
import type { FunctionState } from "./function-state.ts";

/** The state of one function after one deployment. */
export interface Known extends FunctionState {
  /** The template's mark of the function. A new mark means a new deployment of it. */
  readonly mark: string;
  readonly atSeconds: number;
}

/** A function that differs from what was deployed. */
export interface Drift {
  readonly sinceSeconds: number;
  /** The mark it was first compared under. */
  readonly mark: string;
  /** What was reported of it; absent while a deployment may still be under way. */
  readonly told?: string;
}

/** What is remembered of one function. */
export interface Baseline {
  /** The function's name. */
  readonly name: string;
  /** Counts writes, so that of two runs at the same time only one reports. */
  readonly revision: number;
  /** Latest first. Earlier states are kept, since a rollback restores one of them. */
  readonly known: readonly Known[];
  readonly drift?: Drift;
}

/** Where baselines are stored. */
export interface BaselineStore {
  /** All baselines, strongly consistent. */
  all(): Promise<readonly Baseline[]>;
  /**
   * Replaces a baseline by its next revision, together with the records of what is reported, all or nothing.
   * @returns false when another run wrote that revision first
   */
  keep(baseline: Baseline, records: readonly AuditRecord[]): Promise<boolean>;
}
