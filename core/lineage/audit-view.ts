import type { AuditColumn } from "./columns.ts";

const fact = "unmapped.lanyard";

const facts = <const T extends AuditColumn>(...names: readonly T[]): Record<T, string> =>
  Object.fromEntries(names.map((name) => [name, `${fact}.${name}`])) as Record<T, string>;

/** Lists become one text, and of a look at the deployment the function's role is shown. */
const auditExpressions: Readonly<Record<AuditColumn, string>> = {
  ...facts("operation", "outcome", "request_id", "sid", "root", "parent", "depth", "agent", "principal", "jkt", "jti"),
  ...facts(
    "evidence_id",
    "purpose",
    "offered_to",
    "operator_arn",
    "aws_role_arn",
    "aws_access_key_id",
    "aws_token",
    "owner",
  ),
  ...facts("expires_at", "assurance", "evidence_type", "key_replaced", "build", "denial_rule", "denial_missing"),
  ...facts("target", "reason", "registry_version", "canary"),
  dt: "dt",
  uid: "metadata.uid",
  time_ms: '"time"',
  denial: `${fact}.denial.code`,
  scopes: `array_join(flatten(transform(${fact}.grants, g -> g.scopes)), ' ')`,
  aws_request_ids: `array_join(${fact}.aws_request_ids, ' ')`,
  aws_resources: `array_join(transform(${fact}.aws_resources, r -> replace(r, ' ', '%20')), ' ')`,
  function_role_arn: `CASE WHEN ${fact}.operation = 'deployment.seen' THEN ${fact}.evidence.rolearn END`,
  account: "cloud.account.uid",
  region: "cloud.region",
  deployment: "metadata.log_name",
  resources: `array_join(transform(${fact}.grants, g -> g.resource), ' ')`,
  subjects: `array_join(ARRAY['deployment', 'principal:' || ${fact}.principal, 'build:' || ${fact}.build,
      'session:' || ${fact}.sid, 'session:' || ${fact}.root, 'session:' || ${fact}.parent]
      || transform(coalesce(${fact}.anc, ARRAY[]), a -> 'session:' || a)
      || transform(coalesce(${fact}.actors, ARRAY[${fact}.agent]), a -> 'agent:' || a), ' ')`,
  denial_subject: `coalesce(${fact}.denial.cause.subject, 'session:' || ${fact}.denial.cause.sid, ${fact}.denial.subject)`,
  times: `coalesce(${fact}.count, 1)`,
};

/** `lanyard_audit` of the raw table, with the columns that are asked for. */
export const auditView = (from: string, columns: readonly AuditColumn[]): string => {
  const named = columns.map((name) =>
    auditExpressions[name] === name ? name : `${auditExpressions[name]} AS ${name}`,
  );
  return `SELECT ${named.join(", ")}
  FROM ${from}
  WHERE ${fact}.operation IS NOT NULL`;
};
