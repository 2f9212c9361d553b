import type { Denial } from "./denial.ts";
import { rowOf } from "./table.ts";

/** Why a refusal happened, for people who read the audit without our source. */
interface DenialReason {
  /** The rule that refused, with its standard and section where it is one's. */
  readonly rule: string;
  /** What this request lacked, or what stood against it. */
  readonly missing: string;
}

/** Explains a refusal to an auditor. What callers are told is in `wire.ts`. */
export function explainDenial(denial: Denial): DenialReason {
  const row = rowOf(denial);
  // the compiler excludes this case; if it happens all the same, the refusal is still recorded
  if (!row) return { rule: "not written down", missing: denial.code };
  const { rule, missing } = row;
  return { rule, missing: typeof missing === "string" ? missing : missing(denial) };
}
