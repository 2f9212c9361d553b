import { type AuditColumn, auditColumns, trailColumns } from "./columns.ts";
import type { Row } from "./rows.ts";

/**
 * Every query of a trace. They use one small part of SQL that Athena (Trino) and DuckDB read alike: `SELECT` of named
 * columns from one table, `WHERE` with `=`, `IN`, `LIKE`, `AND`, `OR` and comparisons of texts, `ORDER BY`, `LIMIT`,
 * `max`. No value stands in a text: it is bound to a question mark. `lanyard_audit` and `lanyard_trail` are made by each
 * engine, which says there what is its own.
 */

/** A question about one of the two tables. */
export interface Query {
  readonly table: "audit" | "trail";
  readonly where: string;
  /** Of the question marks, in their order. */
  readonly values: readonly string[];
  /** Asks for the newest line alone. */
  readonly newest?: true;
}

/** Days (UTC, `yyyy-MM-dd`) between which lines were delivered, both included. */
export interface Days {
  readonly first: string;
  readonly last: string;
}

/** A query as an engine takes it: first come the days, by which Athena finds the objects that it reads. */
export interface Statement {
  readonly table: Query["table"];
  /** The other table, where it reads both. */
  readonly besides?: Query["table"];
  /** Columns of the table that it reads; all of a trace's unless it says. */
  readonly columns?: readonly AuditColumn[];
  /** Tables that it makes from that one, in their order. */
  readonly with?: readonly (readonly [name: string, sql: string])[];
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** Runs one query of ours. */
export type Ask = (statement: Statement) => Promise<readonly Row[]>;

/** Every day. */
export const always: Days = { first: "1970-01-01", last: "9999-12-31" };

/** Most rows of an answer: a trace is for people, and a session that made more calls is told as cut. */
export const mostRows = 20_000;
/** Most values of a query: nothing says how many Athena binds, and one query that reads too often costs too much. */
export const mostValues = 100;

/** Whether a text can be bound: what is longer or holds control characters is no id of anybody's. */
export const bindable = (value: string): boolean => /^[^\p{C}]{1,512}$/u.test(value);

/** A query within days. @throws RangeError for a value that is not bindable */
export function within({ table, where, values, newest }: Query, { first, last }: Days): Statement {
  const strange = values.find((value) => !bindable(value));
  if (strange !== undefined) throw new RangeError("a text that no query of ours holds");
  const { columns, from, order, dayOf } = tables[table];
  const days = "dt >= ? AND dt <= ?";
  const sql = newest
    ? `SELECT max(${order}) AS newest FROM ${from} WHERE ${days}`
    : `SELECT ${columns.join(", ")} FROM ${from} WHERE ${days} AND (${where}) ORDER BY ${order} LIMIT ${mostRows}`;
  return { table, sql, values: [dayOf(first), dayOf(last), ...values] };
}

/** Days as the objects' names have them: Firehose's are ours to choose, CloudTrail's not. */
const tables = {
  audit: { columns: auditColumns, from: "lanyard_audit", order: "time_ms", dayOf: (day: string) => day },
  trail: {
    columns: trailColumns,
    from: "lanyard_trail",
    order: "eventtime",
    dayOf: (day: string) => day.replaceAll("-", "/"),
  },
} as const;

interface Condition {
  readonly where: string;
  readonly values: readonly string[];
}

/** `column IN (…)`, and for no values a condition that never holds. */
const oneOf = (column: string, values: readonly string[]): Condition => ({
  where: values.length === 0 ? "1 = 0" : `${column} IN (${values.map(() => "?").join(", ")})`,
  values,
});
const like = (text: string, patterns: readonly string[]): Condition => ({
  where: patterns.length === 0 ? "1 = 0" : patterns.map(() => `${text} LIKE ?`).join(" OR "),
  values: patterns,
});
const either = (...conditions: readonly Condition[]): Condition => ({
  where: conditions.map(({ where }) => where).join(" OR "),
  values: conditions.flatMap(({ values }) => values),
});
const also = (fixed: string, { where, values }: Condition): Condition => ({
  where: `${fixed} AND (${where})`,
  values,
});
const audit = (condition: Condition): Query => ({ table: "audit", ...condition });
const trail = (condition: Condition): Query => ({ table: "trail", ...condition });

/** Whether a list, which is one text, holds any of these. */
const holdsAny = (column: string, values: readonly string[]): Condition =>
  like(
    `concat(' ', ${column}, ' ')`,
    values.map((value) => `% ${value} %`),
  );

/** Records of whole trees. */
export const auditOfRoots = (roots: readonly string[]): Query => audit(oneOf("root", roots));
/** A session's records, to find its root. */
export const auditOfSession = (sid: string): Query => audit(either(oneOf("sid", [sid]), oneOf("root", [sid])));
/** What was decided on a principal's authority. */
export const auditOfPrincipal = (principal: string): Query => audit(oneOf("principal", [principal]));
/** Records that hold request ids of STS, or that a request of ours left. */
export const auditOfRequests = (ids: readonly string[]): Query =>
  audit(either(oneOf("request_id", ids), holdsAny("aws_request_ids", ids)));
/** Records of these tokens for STS. */
export const auditOfTokens = (tokens: readonly string[]): Query => audit(oneOf("aws_token", tokens));
/** Vends of these keys. */
export const auditOfKeys = (keys: readonly string[]): Query => audit(oneOf("aws_access_key_id", keys));
/** Attestations by these keys of agents. */
export const attestationsBy = (thumbprints: readonly string[]): Query =>
  audit(also("operation = 'attest'", oneOf("jkt", thumbprints)));
/** What was decided for these keys of agents. */
export const auditOfThumbprints = (thumbprints: readonly string[]): Query => audit(oneOf("jkt", thumbprints));
/** Attestations whose token or document has one of these names. */
export const attestationsNamed = (names: readonly string[]): Query =>
  audit(also("operation = 'attest'", either(oneOf("jti", names), oneOf("evidence_id", names))));
/** What tells the roles of our own functions. */
export const deploymentSeen = (): Query => audit({ where: "operation = 'deployment.seen'", values: [] });

/** One line. */
export const trailOfEvent = (eventId: string): Query => trail(oneOf("eventid", [eventId]));
/** Lines of requests. */
export const trailOfRequests = (ids: readonly string[]): Query => trail(oneOf("requestid", ids));
/** Lines under keys, and those that gave them out. */
export const trailOfKeys = (keys: readonly string[]): Query =>
  trail(either(oneOf("accesskeyid", keys), oneOf("issuedkeyid", keys)));
/** What gave these keys out. */
export const issuersOf = (keys: readonly string[]): Query => trail(oneOf("issuedkeyid", keys));
/** What opened the sessions of these `principalId`s. */
export const openingsOf = (principals: readonly string[]): Query => trail(oneOf("assumedprincipal", principals));
/** Signatures that say what they were for. A wildcard inside of an id finds more than it, never less. */
export const signaturesFor = (ids: readonly string[]): Query =>
  trail(
    also(
      "eventname = 'Sign'",
      like(
        "useragent",
        ids.map((id) => `% lanyard/${id}`),
      ),
    ),
  );
/** Documents by their names, and roles that were taken by tokens, by theirs. */
export const documentsNamed = (names: readonly string[]): Query => trail(oneOf("tokenid", names));
/** Lines that name a tree or a session of ours, whoever wrote them. */
export const claimsOf = (root: string, sids: readonly string[]): Query =>
  trail(
    either(
      like("sourceidentity", [`lyd.${root}.%`]),
      like(
        "principalid",
        sids.map((sid) => `%:${sid}`),
      ),
    ),
  );
/** How far CloudTrail goes. */
export const newestOfTrail = (): Query => ({ table: "trail", where: "", values: [], newest: true });
