import { auditColumns, trailColumns } from "./columns.ts";

/**
 * Every query of a trace. They use one small part of SQL that Athena (Trino) and DuckDB read alike: `SELECT` of named
 * columns from one table, `WHERE` with `=`, `IN`, `LIKE`, `AND`, `OR` and comparisons of texts and numbers, `ORDER BY`,
 * `LIMIT`, `max`. The tables `lanyard_audit` and `lanyard_trail` are views, in which each engine says what is its own.
 */

/** Most rows of an answer: a trace is for people, and a session that made more calls is told as cut. */
export const mostRows = 20_000;
/** Most values in one `IN`: Athena takes 256 KB of text. */
export const mostValues = 500;

/** A literal. @throws RangeError for a text that is none of our ids, AWS's names or ARNs: nothing else needs to be asked */
export function quoted(value: string): string {
  if (!/^[\w+=,.@:/#~ ()-]{1,512}$/.test(value)) throw new RangeError("a text that no query of ours holds");
  return `'${value}'`;
}

/** `column IN (…)`, and for no values a condition that never holds. */
export const oneOf = (column: string, values: readonly string[]): string =>
  values.length === 0 ? "1 = 0" : `${column} IN (${values.map(quoted).join(", ")})`;

/** Whether a list, which is one text, holds any of these. */
const holdsAny = (column: string, values: readonly string[]): string =>
  values.length === 0
    ? "1 = 0"
    : values.map((value) => `concat(' ', ${column}, ' ') LIKE ${quotedLike(`% ${value} %`)}`).join(" OR ");

const fromAudit = `SELECT ${auditColumns.join(", ")} FROM lanyard_audit`;
const fromTrail = `SELECT ${trailColumns.join(", ")} FROM lanyard_trail`;
const audit = (where: string): string => `${fromAudit} WHERE ${where} ORDER BY time_ms LIMIT ${mostRows}`;
const trail = (where: string): string => `${fromTrail} WHERE ${where} ORDER BY eventtime LIMIT ${mostRows}`;

/** Records of whole trees. */
export const auditOfRoots = (roots: readonly string[]): string => audit(oneOf("root", roots));
/** A session's records, to find its root. */
export const auditOfSession = (sid: string): string => audit(`sid = ${quoted(sid)} OR root = ${quoted(sid)}`);
/** What was decided on a principal's authority. */
export const auditOfPrincipal = (principal: string): string => audit(`principal = ${quoted(principal)}`);
/** Records that hold request ids of STS, or that a request of ours left. */
export const auditOfRequests = (ids: readonly string[]): string =>
  audit(`${oneOf("request_id", ids)} OR ${holdsAny("aws_request_ids", ids)}`);
/** Vends of these keys. */
export const auditOfKeys = (keys: readonly string[]): string => audit(oneOf("aws_access_key_id", keys));
/** Attestations by these keys of agents. */
export const attestationsBy = (thumbprints: readonly string[]): string =>
  audit(`operation = 'attest' AND ${oneOf("jkt", thumbprints)}`);
/** What was decided for these keys of agents. */
export const auditOfThumbprints = (thumbprints: readonly string[]): string => audit(oneOf("jkt", thumbprints));
/** Attestations whose token or document has one of these names. */
export const attestationsNamed = (names: readonly string[]): string =>
  audit(`operation = 'attest' AND (${oneOf("jti", names)} OR ${oneOf("evidence_id", names)})`);
/** What tells the roles of our own functions. */
export const deploymentSeen = (): string => audit("operation = 'deployment.seen'");

/** One line. */
export const trailOfEvent = (eventId: string): string => trail(`eventid = ${quoted(eventId)}`);
/** Lines of requests. */
export const trailOfRequests = (ids: readonly string[]): string => trail(oneOf("requestid", ids));
/** Lines under keys, and those that gave them out. */
export const trailOfKeys = (keys: readonly string[]): string =>
  trail(`${oneOf("accesskeyid", keys)} OR ${oneOf("issuedkeyid", keys)}`);
/** Signatures that say what they were for. */
export const signaturesFor = (ids: readonly string[]): string =>
  ids.length === 0
    ? trail("1 = 0")
    : trail(
        `eventname = 'Sign' AND (${ids.map((id) => `useragent LIKE ${quotedLike(`% lanyard/${id}`)}`).join(" OR ")})`,
      );
/** Documents by their names. */
export const documentsNamed = (names: readonly string[]): string => trail(oneOf("tokenid", names));
/** Lines that name a tree or a session of ours, whoever wrote them. */
export const claimsOf = (root: string, sids: readonly string[]): string =>
  trail(
    [
      `sourceidentity LIKE ${quotedLike(`lyd.${root}.%`)}`,
      ...sids.map((sid) => `principalid LIKE ${quotedLike(`%:${sid}`)}`),
    ].join(" OR "),
  );
/** How far CloudTrail goes. */
export const newestOfTrail = (): string => "SELECT max(eventtime) AS newest FROM lanyard_trail";

/** A pattern: its own wildcards stay, and what could be one inside of an id is matched by more than it, never by less. */
const quotedLike = (pattern: string): string => `'${pattern.replace(/[^\w+=,.@:/#% -]/g, "_")}'`;
