import type { AuditRecord } from "../audit/record.ts";
import type { Registration } from "../model/registry.ts";
import type { DifferenceCounts } from "../model/registry-difference.ts";
import type { Result } from "../model/result.ts";
import type { FormerType } from "./former-types.ts";

/** One version that was applied, and how many registrations it added, changed and removed. */
export interface AppliedVersion extends DifferenceCounts {
  readonly version: number;
  /** The version it replaced; 0 for the first. */
  readonly base: number;
  readonly atMillis: number;
  /** ARN of the caller that applied it. */
  readonly by: string;
  readonly reason?: string;
  /** Digest of its registrations (`registryDigest`). */
  readonly digest: string;
  /** The stack whose deployment applied it, `arn:…:stack/<name>`; absent when somebody applied it by hand. */
  readonly source?: string;
  /** Details types that were removed recently. Their names keep their meaning as long as tokens with them may live. */
  readonly formerTypes?: readonly FormerType[];
}

/** What one apply writes. */
export interface RegistryChange {
  readonly base: number;
  readonly rows: readonly Registration[];
  readonly entry: Omit<AppliedVersion, "version">;
  /** Makes the audit record when the new version's number is known. */
  readonly record: (version: number) => AuditRecord;
}

/**
 * Versions of the registry. A version's rows never change; the deployment's row, which every liveness batch reads, says
 * which one is current.
 */
export interface RegistryStore {
  /** The current version, strongly consistent; 0 before the first. */
  applied(): Promise<number>;
  /** Every registration of a version, strongly consistent; empty for one that does not exist. */
  rows(version: number): Promise<readonly Registration[]>;
  /**
   * Writes all rows under a number that no other apply uses, then moves the deployment from `base` to it, with the
   * history's entry and the audit record, in ONE transaction. If it is interrupted before that, nothing that anybody
   * reads has changed.
   * @returns the new version, or `stale` when the deployment is no longer at `base`
   */
  apply(change: RegistryChange): Promise<Result<number, "stale">>;
  /**
   * Applied versions, newest first.
   * @param before only those older than this one
   */
  history(limit: number, before?: number): Promise<readonly AppliedVersion[]>;
}
