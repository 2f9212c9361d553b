import type { Denial } from "./denial.ts";
import { rowOf } from "./table.ts";

/** Why a refusal happened, for whoever reads the audit without our source beside it. */
interface DenialReason {
  /** The rule that refused, with its standard and section where it is one's. */
  readonly rule: string;
  /** What was missing, or stood in the way, of this very request. */
  readonly missing: string;
}

/** Explains a refusal to an auditor; callers hear what `wire.ts` says. */
export function explainDenial(denial: Denial): DenialReason {
  const row = rowOf(denial);
  // the compiler rules it out; should it come to pass, a refusal without a reason is still a refusal to be recorded
  if (!row) return { rule: "not written down", missing: denial.code };
  const { rule, missing } = row;
  return { rule, missing: typeof missing === "string" ? missing : missing(denial) };
}
