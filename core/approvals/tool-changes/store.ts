import type { AuditRecord } from "../../audit/record.ts";
import type { ApprovalDecision } from "../../model/approval.ts";
import type { ReplayEntry } from "../../model/replay/entry.ts";
import type { Result } from "../../model/result.ts";
import type { ToolChange, ToolChangePlace } from "../../model/tool-change.ts";

/** Reads served tools that wait for people without their declarations, strongly consistent. */
export interface ToolChangeReads {
  /** What stands in the places of a resource, by number; ended ones are among it. */
  places(server: string): Promise<ReadonlyMap<number, ToolChangePlace>>;
  /** What was said of one, refusals among it. */
  decisions(id: string): Promise<readonly ApprovalDecision[]>;
}

/** Reads what people are shown, strongly consistent. */
export interface ShownToolChanges extends ToolChangeReads {
  /** Undefined when there is none of this id. It may have ended. */
  change(id: string): Promise<ToolChange | undefined>;
  /**
   * Those of a group that have not ended, oldest first, whether somebody decided them or not.
   * @param most how many at most
   */
  waiting(group: string, nowSeconds: number, most: number): Promise<readonly ToolChange[]>;
}

/** A served tool begins to wait: in one transaction with the caller's proof and the record. */
export interface AskingOfChange {
  readonly change: ToolChange;
  /** The place that it takes, of those of its resource, and the id that was read in it. */
  readonly place: { readonly number: number; readonly was?: string };
  readonly replayEntries: readonly ReplayEntry[];
  readonly record: AuditRecord;
}

/** Why it cannot begin to wait. */
export type AskChangeConflict =
  | { readonly kind: "replay"; readonly entry: ReplayEntry["kind"] }
  /** The same was asked, or the place was taken, at the same moment: look again. */
  | { readonly kind: "meanwhile" };

/** Served tools of the decision point, the only writer of table Changes. */
export interface ToolChangeRequests extends ToolChangeReads {
  /** One transaction. Of any number of equal changes at one moment one is stored. */
  ask(asking: AskingOfChange): Promise<Result<void, AskChangeConflict>>;
}
