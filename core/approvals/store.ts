import type { AuditRecord } from "../audit/record.ts";
import type { ApprovalStanding, PendingApproval } from "../model/approval.ts";
import type { PersonKey } from "../model/person-key.ts";
import type { ReplayEntry } from "../model/replay/entry.ts";
import type { Result } from "../model/result.ts";

/** Reads approvals, strongly consistent. */
export interface ApprovalReads {
  /** Undefined when there is no such approval. It may have ended. */
  pending(id: string): Promise<PendingApproval | undefined>;
  /** What was said of it, and whether it was used. */
  standing(pending: Pick<PendingApproval, "id">): Promise<ApprovalStanding>;
  /**
   * Approvals of a group that have not ended, oldest first, whether somebody decided them or not.
   * @param most how many at most
   */
  waiting(group: string, nowSeconds: number, most: number): Promise<readonly PendingApproval[]>;
}

/** What is known of a request before it waits: the newest approval of it for this key, and whether it was refused of late. */
export interface Asked {
  /** Id of the newest approval that this agent and key asked for; it may have ended or been used. */
  readonly id?: string;
  /** When somebody last refused this very request, whichever key asked. */
  readonly refusedAtSeconds?: number;
}

/** A request begins to wait: in one transaction with the caller's proof and the record. */
export interface Asking {
  readonly pending: PendingApproval;
  /** Id that {@link ApprovalRequests.asked} answered; that one is replaced. */
  readonly replaces?: string;
  /** The key of a person who has none yet. */
  readonly personKey?: PersonKey;
  readonly replayEntries: readonly ReplayEntry[];
  readonly record: AuditRecord;
}

/** Why a request cannot begin to wait. */
export type AskConflict =
  | { readonly kind: "replay"; readonly entry: ReplayEntry["kind"] }
  /** The same agent and key asked the same at the same moment. */
  | { readonly kind: "asked_meanwhile" }
  /** The agent, or the person, has as many approvals pending as one may have. */
  | { readonly kind: "full"; readonly of: "agent" | "principal"; readonly name: string }
  | { readonly kind: "person_key_exists" };

/** The approvals of the token endpoint. */
export interface ApprovalRequests extends ApprovalReads {
  asked(request: Pick<PendingApproval, "requestHash" | "jkt">): Promise<Asked>;
  /** One transaction. Of any number of equal requests at one moment one is stored. */
  ask(asking: Asking): Promise<Result<void, AskConflict>>;
  /**
   * Notes that a caller asked how it stands.
   * @returns false when the last call was less than `limits.approvalIntervalSeconds` ago
   */
  poll(id: string, nowSeconds: number): Promise<boolean>;
}
