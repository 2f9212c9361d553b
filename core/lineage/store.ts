import type { AuditLine, TrailLine } from "./lines.ts";
import * as queries from "./queries.ts";
import { auditLineOf, trailLineOf } from "./rows.ts";

/** What was read so far. */
export type Store = ReturnType<typeof openStore>;

/** A query about some values. */
type Of = (part: readonly string[]) => queries.Query;

const dayMillis = 86_400_000;
const dayOf = (millis: number): string => new Date(millis).toISOString().slice(0, 10);

/**
 * Rows that were read, several values a query.
 * @param days that are read of both tables
 */
export function openStore(ask: queries.Ask, days: queries.Days) {
  const audit: AuditLine[] = [];
  const trail: TrailLine[] = [];
  const read = { audit: days, trail: days };
  let cut = false;
  const run = async (query: Of, given: readonly string[]) => {
    const rows = [];
    // what cannot be bound is in no line either: a document of somebody else's may be called anything
    const values = given.filter((value) => value === "" || queries.bindable(value));
    for (let at = 0; at < values.length; at += queries.mostValues) {
      const asked = query(values.slice(at, at + queries.mostValues));
      const part = await ask(queries.within(asked, read[asked.table]));
      cut ||= part.length >= queries.mostRows;
      rows.push(...part);
    }
    return rows;
  };
  return {
    audit: (): readonly AuditLine[] => audit,
    trail: (): readonly TrailLine[] => trail,
    isCut: () => cut,
    days: () => ({ ...read }),
    /** From here on reads of CloudTrail the days of these records, and one on each side: it delivers when it likes. */
    lookNear(lines: readonly AuditLine[]) {
      const times = lines.map(({ timeMillis }) => timeMillis);
      if (times.length === 0) return;
      const [first, last] = [dayOf(Math.min(...times) - dayMillis), dayOf(Math.max(...times) + dayMillis)];
      read.trail = { first: first > days.first ? first : days.first, last };
    },
    async readAudit(query: Of, values: readonly string[]) {
      audit.push(...(await run(query, values)).flatMap((row) => auditLineOf(row) ?? []));
    },
    async readTrail(query: Of, values: readonly string[]) {
      const found = (await run(query, values)).flatMap((row) => trailLineOf(row) ?? []);
      trail.push(...found);
      return found;
    },
  };
}

/** Values of a member, each once. */
export const unique = (
  lines: readonly AuditLine[],
  member: "jkt" | "sid" | "jti" | "evidenceId" | "awsToken",
): string[] => [...new Set(lines.flatMap((line) => line[member] ?? []))];

/** Request ids of STS that records hold. */
export const requestIds = (lines: readonly AuditLine[]): string[] => [
  ...new Set(lines.flatMap((line) => line.awsRequestIds)),
];

/** Request ids of lines. */
export const requestsOf = (lines: readonly TrailLine[]): string[] => [
  ...new Set(lines.flatMap(({ requestId }) => requestId ?? [])),
];
