import type { RefusalFold } from "../../../core/audit/fold.ts";
import type { AuditFacts } from "../../../core/audit/record.ts";

/** A fold that keeps what it is given, and lets every caller within its rate have records of its own. */
export const foldInto = (folded: AuditFacts[]): RefusalFold => ({
  add: async (facts) => void folded.push(facts),
  standsAlone: ({ denial }) => denial?.code !== "rate_exceeded",
});
