import type { AuditRecord } from "../audit/record.ts";
import type { FunctionState } from "./function-state.ts";

/** How one function stood after one deployment. */
export interface Known extends FunctionState {
  /** The template's mark of the function: another one is another deployment of it. */
  readonly mark: string;
  readonly atSeconds: number;
}

/** A function that is not what was deployed. */
export interface Drift {
  readonly sinceSeconds: number;
  /** The mark that it was held against first. */
  readonly mark: string;
  /** What it was told of as; absent while a deployment may still be under way. */
  readonly told?: string;
}

/** What is remembered of one function. */
export interface Baseline {
  /** The function's name. */
  readonly name: string;
  /** Counts writes, so that of two looks at one time one tells. */
  readonly revision: number;
  /** Latest first. Earlier ones stay: a rollback goes back to one of them. */
  readonly known: readonly Known[];
  readonly drift?: Drift;
}

/** Where baselines are kept. */
export interface BaselineStore {
  /** All of them, strongly consistent. */
  all(): Promise<readonly Baseline[]>;
  /**
   * Writes a baseline over the one of the revision before, with the records of what is told, all or nothing.
   * @returns false when another look was faster
   */
  keep(baseline: Baseline, records: readonly AuditRecord[]): Promise<boolean>;
}
