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
  "aws_token",
  "aws_resources",
  "function_role_arn",
] as const;

/**
 * What more `lanyard_audit` has where it is asked the questions of security (`questions/`). `resources` and `actors` are
 * lists as one text; `subjects` is everything whose end ends the session, by the names of revocations' targets, and
 * `denial_subject` whose end a refusal was for; `times` is 1, or how many refusals a record counts.
 */
export const questionColumns = [
  "dt",
  "account",
  "region",
  "deployment",
  "owner",
  "resources",
  "subjects",
  "expires_at",
  "assurance",
  "evidence_type",
  "key_replaced",
  "build",
  "denial_rule",
  "denial_missing",
  "denial_subject",
  "target",
  "reason",
  "times",
  "registry_version",
  "canary",
] as const;

/** A column of `lanyard_audit`. */
export type AuditColumn = (typeof auditColumns)[number] | (typeof questionColumns)[number];

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
  "identitytype",
  "sessionsince",
  "onbehalfof",
  "identitystore",
  "delegate",
  "assumedprincipal",
  "accesstags",
] as const;
