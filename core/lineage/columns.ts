/**
 * Columns of `lanyard_audit`, as queries name them. Lists are one text with a space between their members: both engines
 * compare texts alike, and lists differently.
 */
export const auditColumns = [
  "uid",
  "time_ms",
  "operation",
  "outcome",
  "request_id",
  "sid",
  "root",
  "parent",
  "depth",
  "agent",
  "principal",
  "jkt",
  "jti",
  "evidence_id",
  "purpose",
  "offered_to",
  "scopes",
  "denial",
  "operator_arn",
  "aws_role_arn",
  "aws_access_key_id",
  "aws_request_ids",
  "function_role_arn",
] as const;

/** Columns of `lanyard_trail`. */
export const trailColumns = [
  "eventid",
  "eventtime",
  "eventsource",
  "eventname",
  "awsregion",
  "recipientaccountid",
  "requestid",
  "eventcategory",
  "errorcode",
  "useragent",
  "accesskeyid",
  "sourceidentity",
  "principalid",
  "rolearn",
  "invokedby",
  "issuedkeyid",
  "assumedrolearn",
  "tokenid",
  "resourcearns",
] as const;
