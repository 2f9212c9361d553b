import type { AuditFacts, AuditRecord } from "./record.ts";

export declare function toRecordPlaceholder(): void;
/** Replaced by the audit room. */
export function toRecord(facts: AuditFacts, eventId: string): AuditRecord {
  const body = JSON.stringify(facts);
  return { eventId, timeMillis: facts.timeMillis, detailType: "API Activity", body, hash: "" };
}
