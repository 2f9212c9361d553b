import type { RefusalAggregate } from "../../../core/audit/aggregate.ts";
import type { AuditFacts } from "../../../core/audit/record.ts";

/** An aggregate that keeps what it is given, and lets every caller within its rate have records of its own. */
export const aggregateInto = (aggregated: AuditFacts[]): RefusalAggregate => ({
  add: async (facts) => void aggregated.push(facts),
  standsAlone: ({ denial }) => denial?.code !== "rate_exceeded",
});
