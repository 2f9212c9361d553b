import { accountAccess } from "./lines.ts";
import * as queries from "./queries.ts";

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

const fact = "unmapped.lanyard";

/** `lanyard_audit`: lists become one text, and of a look at the deployment the function's role is shown. */
const auditView = `SELECT dt, metadata.uid AS uid, "time" AS time_ms,
    ${["operation", "outcome", "request_id", "sid", "root", "parent", "depth", "agent", "principal", "jkt", "jti"]
      .map((name) => `${fact}.${name} AS ${name}`)
      .join(", ")},
    ${["evidence_id", "purpose", "offered_to", "operator_arn", "aws_role_arn", "aws_access_key_id"]
      .map((name) => `${fact}.${name} AS ${name}`)
      .join(", ")},
    ${fact}.denial.code AS denial,
    array_join(flatten(transform(${fact}.grants, g -> g.scopes)), ' ') AS scopes,
    array_join(${fact}.aws_request_ids, ' ') AS aws_request_ids,
    array_join(transform(${fact}.aws_resources, r -> replace(r, ' ', '%20')), ' ') AS aws_resources,
    CASE WHEN ${fact}.operation = 'deployment.seen' THEN ${fact}.evidence.rolearn END AS function_role_arn
  FROM ${rawTables.audit}
  WHERE ${fact}.operation IS NOT NULL`;

/** `lanyard_trail`. */
const trailView = `SELECT dt, eventid, eventtime, eventsource, eventname, awsregion, recipientaccountid, requestid,
    eventcategory, errorcode, useragent, useridentity.accesskeyid AS accesskeyid,
    useridentity.sessioncontext.sourceidentity AS sourceidentity, useridentity.principalid AS principalid,
    useridentity.sessioncontext.sessionissuer.arn AS rolearn, useridentity.invokedby AS invokedby,
    json_extract_scalar(responseelements, '$.credentials.accessKeyId') AS issuedkeyid,
    json_extract_scalar(requestparameters, '$.roleArn') AS assumedrolearn,
    json_extract_scalar(responseelements, '$.webIdentityTokenId') AS tokenid,
    array_join(transform(resources, r -> replace(r.arn, ' ', '%20')), ' ') AS resourcearns,
    useridentity.type AS identitytype, useridentity.sessioncontext.attributes.creationdate AS sessionsince,
    useridentity.onbehalfof.userid AS onbehalfof, useridentity.onbehalfof.identitystorearn AS identitystore,
    useridentity.invokedbydelegate.accountid AS delegate,
    json_extract_scalar(responseelements, '$.assumedRoleUser.assumedRoleId') AS assumedprincipal,
    CASE WHEN useridentity.invokedby = '${accountAccess}' THEN json_format(json_extract(requestparameters, '$.tags')) END
      AS accesstags
  FROM ${rawTables.trail}`;

const views = { audit: ["lanyard_audit", auditView], trail: ["lanyard_trail", trailView] } as const;

/** A statement with the table it asks made in front of it. */
export function athenaText({ table, sql }: Pick<queries.Statement, "table" | "sql">): string {
  const [name, view] = views[table];
  return `WITH ${name} AS (\n  ${view}\n)\n${sql}`;
}

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
