import type { AuditLine, TrailLine } from "./lines.ts";
import * as queries from "./queries.ts";
import { type Ask, auditLineOf, trailLineOf } from "./rows.ts";

/** What was read so far. */
export type Store = ReturnType<typeof openStore>;

/** Rows that were read, several values a query. */
export function openStore(ask: Ask) {
  const audit: AuditLine[] = [];
  const trail: TrailLine[] = [];
  let cut = false;
  const run = async (query: (part: readonly string[]) => string, values: readonly string[]) => {
    const rows = [];
    for (let at = 0; at < values.length; at += queries.mostValues) {
      const part = await ask(query(values.slice(at, at + queries.mostValues)));
      cut ||= part.length >= queries.mostRows;
      rows.push(...part);
    }
    return rows;
  };
  return {
    audit: (): readonly AuditLine[] => audit,
    trail: (): readonly TrailLine[] => trail,
    isCut: () => cut,
    async readAudit(query: (part: readonly string[]) => string, values: readonly string[]) {
      audit.push(...(await run(query, values)).flatMap((row) => auditLineOf(row) ?? []));
    },
    async readTrail(query: (part: readonly string[]) => string, values: readonly string[]) {
      const found = (await run(query, values)).flatMap((row) => trailLineOf(row) ?? []);
      trail.push(...found);
      return found;
    },
  };
}

/** Values of a member, each once. */
export const unique = (lines: readonly AuditLine[], member: "jkt" | "sid" | "jti" | "evidenceId"): string[] => [
  ...new Set(lines.flatMap((line) => line[member] ?? [])),
];

/** Request ids of STS that records hold. */
export const requestIds = (lines: readonly AuditLine[]): string[] => [
  ...new Set(lines.flatMap((line) => line.awsRequestIds)),
];

/** Request ids of lines. */
export const requestsOf = (lines: readonly TrailLine[]): string[] => [
  ...new Set(lines.flatMap(({ requestId }) => requestId ?? [])),
];
