import type { RefusalAggregate } from "../../../core/audit/aggregate.ts";
import type { AuditFacts } from "../../../core/audit/record.ts";

/** An aggregate that keeps what it is given; as the true one, it lets no stolen token and no caller over its rate have records of their own. */
export const aggregateInto = (aggregated: AuditFacts[]): RefusalAggregate => ({
  add: async (facts) => void aggregated.push(facts),
  standsAlone: ({ denial, owner }) => owner === undefined && denial?.code !== "rate_exceeded",
});
