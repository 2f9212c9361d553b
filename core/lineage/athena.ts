import { auditView } from "./audit-view.ts";
import { type AuditColumn, auditColumns } from "./columns.ts";
import { accountAccess } from "./lines.ts";
import * as queries from "./queries.ts";
import { type AuditQuestion, marksOf, statementOf } from "./questions/question.ts";
import { auditQuestions } from "./questions/questions.ts";

/**
 * What is Athena's own of a trace: the names of a deployment's database and workgroup, and how the two tables are made
 * from the raw ones, which the constructs declare over the objects of S3. The constructs save these very texts as queries
 * for people; the command asks by them.
 */

/** Names of a deployment's things in Glue and Athena, by its stage. A stage's name holds dashes, a database's must not. */
export const lakeNames = (stage: string): { readonly database: string; readonly workgroup: string } => ({
  database: `lanyard_${stage.replaceAll("-", "_")}`,
  workgroup: `lanyard-${stage}`,
});

/** Names of the raw tables. */
export const rawTables = { audit: "audit", trail: "cloudtrail" } as const;

/** `lanyard_trail`. */
const trailView = `SELECT dt, eventid, eventtime, eventsource, eventname, awsregion, recipientaccountid, requestid,
    eventcategory, errorcode, useragent, useridentity.accesskeyid AS accesskeyid,
    useridentity.sessioncontext.sourceidentity AS sourceidentity, useridentity.principalid AS principalid,
    useridentity.sessioncontext.sessionissuer.arn AS rolearn, useridentity.invokedby AS invokedby,
    json_extract_scalar(responseelements, '$.credentials.accessKeyId') AS issuedkeyid,
    json_extract_scalar(requestparameters, '$.roleArn') AS assumedrolearn,
    CASE WHEN eventname = 'AssumeRoleWithWebIdentity' THEN json_extract_scalar(responseelements, '$.provider') || '#'
      || json_extract_scalar(requestparameters, '$.principalTags["lanyard-token"]')
      ELSE json_extract_scalar(responseelements, '$.webIdentityTokenId') END AS tokenid,
    array_join(transform(resources, r -> replace(r.arn, ' ', '%20')), ' ') AS resourcearns,
    useridentity.type AS identitytype, useridentity.sessioncontext.attributes.creationdate AS sessionsince,
    useridentity.onbehalfof.userid AS onbehalfof, useridentity.onbehalfof.identitystorearn AS identitystore,
    useridentity.invokedbydelegate.accountid AS delegate,
    json_extract_scalar(responseelements, '$.assumedRoleUser.assumedRoleId') AS assumedprincipal,
    CASE WHEN useridentity.invokedby = '${accountAccess}' THEN json_format(json_extract(requestparameters, '$.tags')) END
      AS accesstags
  FROM ${rawTables.trail}`;

/** A statement with the table it asks, and those it makes from it, in front of it. */
export function athenaText({
  table,
  besides,
  columns = traced,
  with: parts = [],
  sql,
}: Omit<queries.Statement, "values">): string {
  const viewOf = (one: typeof table): readonly [string, string] =>
    one === "audit" ? ["lanyard_audit", auditView(rawTables.audit, columns)] : ["lanyard_trail", trailView];
  const made = [viewOf(table), ...(besides === undefined ? [] : [viewOf(besides)]), ...parts].map(
    ([name, text]) => `${name} AS (\n  ${text}\n)`,
  );
  return `WITH ${made.join(",\n")}\n${sql}`;
}

/** What the queries of a trace read. */
const traced: readonly AuditColumn[] = ["dt", ...auditColumns];

/** A query that people find in Athena's console; they are asked for the values of its question marks. */
interface SavedQuery {
  readonly name: string;
  /** What it answers, and what its question marks are, in their order. */
  readonly description: string;
  readonly sql: string;
}

const saved = (name: string, query: queries.Query, answers: string): SavedQuery => ({
  name,
  description: `${answers}. First two values: first and last day as '${query.table === "audit" ? "2026-11-30" : "2026/11/30"}'`,
  sql: athenaText(queries.within(query, queries.always)),
});

/** A question of security's as a saved query. */
function savedQuestion(question: AuditQuestion): SavedQuery {
  const nothing = {
    days: queries.always,
    sinceMillis: 0,
    untilMillis: 0,
    named: { agent: "?", resource: "?", key: "?" },
  };
  return {
    name: `audit-${question.name}`,
    description: `${question.answers}. Values, in their order: ${marksOf(question)
      .map((name) => meanings[name] ?? name)
      .join(", ")}`,
    sql: athenaText(statementOf(question, nothing)),
  };
}

const meanings: Readonly<Record<string, string>> = {
  first: "first day",
  last: "last day",
  since: "since (ms)",
  until: "until (ms)",
  agent: "agent or ''",
  key: "key or ''",
};

/** The ten questions of security, for people. */
export const savedQuestions: readonly SavedQuery[] = auditQuestions.map(savedQuestion);

/** Every query of a trace that makes sense by itself, each with one value a list. */
export const savedQueries: readonly SavedQuery[] = [
  saved("audit-of-session", queries.auditOfSession("?"), "What was decided in a session and below it; sid twice"),
  saved("audit-of-root", queries.auditOfRoots(["?"]), "What was decided in a whole tree; its root"),
  saved("audit-of-principal", queries.auditOfPrincipal("?"), "What was decided on somebody's authority; principal"),
  saved(
    "audit-of-request",
    queries.auditOfRequests(["?"]),
    "The record that a request left, or that holds STS's; the id, then '% <id> %'",
  ),
  saved("audit-of-key", queries.auditOfKeys(["?"]), "The vend of an access key; the key's id"),
  saved("trail-of-event", queries.trailOfEvent("?"), "One line of CloudTrail; its eventID"),
  saved("trail-of-request", queries.trailOfRequests(["?"]), "Lines of a request; its id"),
  saved("trail-of-key", queries.trailOfKeys(["?"]), "Lines under an access key, and which gave it out; its id twice"),
  saved("signatures-for", queries.signaturesFor(["?"]), "KMS signatures for a session; '% lanyard/<sid>'"),
  saved("document-named", queries.documentsNamed(["?"]), "The call that made an agent's document; its jti"),
  saved(
    "claims-of-tree",
    queries.claimsOf("?", ["?"]),
    "Lines that name a tree or session, whoever wrote them: no proof; 'lyd.<root>.%', then '%:<sid>'",
  ),
  saved("newest-of-trail", queries.newestOfTrail(), "How far CloudTrail goes"),
];
