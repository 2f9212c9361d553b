import { accountAccess } from "../../../core/lineage/lines.ts";

/** CloudTrail's table in DuckDB, from files as S3 holds them. Athena's own says the same of the same files. */

/** SQL's text of a path. */
const quoted = (path: string): string => `'${path.replaceAll("'", "''")}'`;
export const listed = (files: readonly string[]): string => `[${files.map(quoted).join(", ")}]`;

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
    CASE WHEN r."eventName" = 'AssumeRoleWithWebIdentity'
      THEN json_extract_string(r."responseElements", '$.provider') || '#' ||
        json_extract_string(r."requestParameters", '$.principalTags."lanyard-token"')
      ELSE json_extract_string(r."responseElements", '$.webIdentityTokenId') END AS tokenid,
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
