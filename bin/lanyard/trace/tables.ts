import { accountAccess } from "../../../core/lineage/lines.ts";

/** The two tables of a trace in DuckDB, from files as S3 holds them. Athena's own say the same of the same files. */

/** SQL's text of a path. */
const quoted = (path: string): string => `'${path.replaceAll("'", "''")}'`;
const listed = (files: readonly string[]): string => `[${files.map(quoted).join(", ")}]`;

const auditShape = `{
  time: 'BIGINT',
  metadata: 'STRUCT(uid VARCHAR)',
  unmapped: 'STRUCT(lanyard STRUCT(operation VARCHAR, outcome VARCHAR, request_id VARCHAR, sid VARCHAR, root VARCHAR,
    parent VARCHAR, depth INTEGER, agent VARCHAR, principal VARCHAR, jkt VARCHAR, jti VARCHAR, evidence_id VARCHAR,
    evidence STRUCT("roleArn" VARCHAR), purpose VARCHAR, offered_to VARCHAR, grants STRUCT(scopes VARCHAR[])[],
    denial STRUCT(code VARCHAR), operator_arn VARCHAR, aws_role_arn VARCHAR, aws_access_key_id VARCHAR,
    aws_request_ids VARCHAR[], aws_resources VARCHAR[]))'
}`;

/** Makes `lanyard_audit`. Lines that are no events of ours are passed over. */
export const auditTable = (files: readonly string[]): string => `
  CREATE TABLE lanyard_audit AS
  SELECT strftime(epoch_ms(time), '%Y-%m-%d') AS dt, metadata.uid AS uid, time AS time_ms, facts.operation, facts.outcome, facts.request_id, facts.sid, facts.root,
    facts.parent, facts.depth, facts.agent, facts.principal, facts.jkt, facts.jti, facts.evidence_id, facts.purpose,
    facts.offered_to, array_to_string(flatten(list_transform(facts.grants, lambda g: g.scopes)), ' ') AS scopes,
    facts.denial.code AS denial, facts.operator_arn, facts.aws_role_arn, facts.aws_access_key_id,
    array_to_string(facts.aws_request_ids, ' ') AS aws_request_ids,
    array_to_string(list_transform(facts.aws_resources, lambda r: replace(r, ' ', '%20')), ' ') AS aws_resources,
    CASE WHEN facts.operation = 'deployment.seen' THEN facts.evidence."roleArn" END AS function_role_arn
  FROM (
    SELECT time, metadata, unmapped.lanyard AS facts
    FROM read_json(${listed(files)}, format = 'newline_delimited', ignore_errors = true, columns = ${auditShape})
  )
  WHERE facts.operation IS NOT NULL`;

const recordShape = `STRUCT(
  "eventID" VARCHAR, "eventTime" VARCHAR, "eventSource" VARCHAR, "eventName" VARCHAR, "awsRegion" VARCHAR,
  "recipientAccountId" VARCHAR, "requestID" VARCHAR, "eventCategory" VARCHAR, "errorCode" VARCHAR, "userAgent" VARCHAR,
  "userIdentity" STRUCT(type VARCHAR, "principalId" VARCHAR, "accessKeyId" VARCHAR, "invokedBy" VARCHAR,
    "onBehalfOf" JSON, "invokedByDelegate" JSON,
    "sessionContext" STRUCT("sourceIdentity" VARCHAR, attributes JSON, "sessionIssuer" STRUCT(arn VARCHAR))),
  "requestParameters" JSON, "responseElements" JSON, resources JSON)[]`;

/** Largest file that is read, unpacked: CloudTrail's have some ten megabytes. */
const largestBytes = 512 * 1024 * 1024;

/** Makes `lanyard_trail`. */
export const trailTable = (files: readonly string[]): string => `
  CREATE TABLE lanyard_trail AS
  SELECT replace(substr(r."eventTime", 1, 10), '-', '/') AS dt, r."eventID" AS eventid, r."eventTime" AS eventtime, r."eventSource" AS eventsource, r."eventName" AS eventname,
    r."awsRegion" AS awsregion, r."recipientAccountId" AS recipientaccountid, r."requestID" AS requestid,
    r."eventCategory" AS eventcategory, r."errorCode" AS errorcode, r."userAgent" AS useragent,
    r."userIdentity"."accessKeyId" AS accesskeyid,
    r."userIdentity"."sessionContext"."sourceIdentity" AS sourceidentity,
    r."userIdentity"."principalId" AS principalid,
    r."userIdentity"."sessionContext"."sessionIssuer".arn AS rolearn, r."userIdentity"."invokedBy" AS invokedby,
    json_extract_string(r."responseElements", '$.credentials.accessKeyId') AS issuedkeyid,
    json_extract_string(r."requestParameters", '$.roleArn') AS assumedrolearn,
    json_extract_string(r."responseElements", '$.webIdentityTokenId') AS tokenid,
    array_to_string(list_transform(
      list_concat(json_extract_string(r.resources, '$[*].ARN'), json_extract_string(r.resources, '$[*].arn')),
      lambda a: replace(a, ' ', '%20')), ' ') AS resourcearns,
    r."userIdentity".type AS identitytype,
    json_extract_string(r."userIdentity"."sessionContext".attributes, '$.creationDate') AS sessionsince,
    json_extract_string(r."userIdentity"."onBehalfOf", '$.userId') AS onbehalfof,
    json_extract_string(r."userIdentity"."onBehalfOf", '$.identityStoreArn') AS identitystore,
    json_extract_string(r."userIdentity"."invokedByDelegate", '$.accountId') AS delegate,
    json_extract_string(r."responseElements", '$.assumedRoleUser.assumedRoleId') AS assumedprincipal,
    CASE WHEN r."userIdentity"."invokedBy" = ${quoted(accountAccess)}
      THEN CAST(json_extract(r."requestParameters", '$.tags') AS VARCHAR) END AS accesstags
  FROM (
    SELECT unnest("Records") AS r
    FROM read_json(${listed(files)}, maximum_object_size = ${largestBytes}, columns = {"Records": '${recordShape}'})
  )`;
