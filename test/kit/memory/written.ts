import type { AuditRecord } from "../../../core/audit/record.ts";

const indexed = new WeakMap<readonly AuditRecord[], Set<string>>();

/** Whether a record of this id is among those written, without a walk over all of them at each commit. */
export function isWritten({ eventId }: AuditRecord, records: readonly AuditRecord[]): boolean {
  const known = indexed.get(records) ?? new Set();
  // a test that cleared them, or wrote an id twice, has them walked anew
  if (known.size > records.length) known.clear();
  for (const record of records.slice(known.size)) known.add(record.eventId);
  indexed.set(records, known);
  return known.has(eventId);
}
