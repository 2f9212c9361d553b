import type { AuditRecord } from "../audit/record.ts";
import type { ApprovalDecision } from "../model/approval.ts";
import type { ReplayEntry } from "../model/replay/entry.ts";
import type { Result } from "../model/result.ts";

/** What a person says of a request that waits: in one transaction with the proof and the record. */
export interface Deciding {
  readonly decision: ApprovalDecision;
  readonly replayEntries: readonly ReplayEntry[];
  readonly record: AuditRecord;
}

/** Why it is not written. */
export type DecideConflict =
  | { readonly kind: "replay"; readonly entry: ReplayEntry["kind"] }
  /** This person approved it already, or somebody refused it already. */
  | { readonly kind: "decided" };

/** Stores what people say. Nothing else writes table Decisions. */
export interface DecisionStore {
  /** One transaction. Of any number of equal decisions at one moment one is stored. */
  decide(deciding: Deciding): Promise<Result<void, DecideConflict>>;
  /**
   * Counts refusals of an agent's requests in a row.
   * @param verdict an approval begins the row anew
   * @returns how many there are, this one among them
   */
  inRow(agent: string, verdict: ApprovalDecision["verdict"], nowSeconds: number): Promise<number>;
}
