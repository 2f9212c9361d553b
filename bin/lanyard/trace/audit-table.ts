import type { AuditColumn } from "../../../core/lineage/columns.ts";
import { listed } from "./tables.ts";

/** How a column is made in DuckDB, and which members of `unmapped.lanyard` it is made from, with their types. */
interface Made {
  readonly from: Readonly<Record<string, string>>;
  readonly as: string;
}

const fact = (name: string, type = "VARCHAR"): Made => ({ from: { [name]: type }, as: `facts.${name}` });
const texts = <const T extends AuditColumn>(...names: readonly T[]): Record<T, Made> =>
  Object.fromEntries(names.map((name) => [name, fact(name)])) as Record<T, Made>;
const grants = { grants: "STRUCT(resource VARCHAR, scopes VARCHAR[])[]" };
const denial = {
  denial: "STRUCT(code VARCHAR, subject VARCHAR, cause STRUCT(subject VARCHAR, sid VARCHAR))",
};
const own = (as: string): Made => ({ from: {}, as });

/** Athena's own (`core/lineage/audit-view.ts`) say the same of the same files; a test holds both together. */
const made: Readonly<Record<AuditColumn, Made>> = {
  ...texts("operation", "outcome", "request_id", "sid", "root", "parent", "agent", "principal", "jkt", "jti"),
  ...texts(
    "evidence_id",
    "purpose",
    "offered_to",
    "operator_arn",
    "aws_role_arn",
    "aws_access_key_id",
    "aws_token",
    "owner",
  ),
  ...texts("assurance", "evidence_type", "build", "denial_rule", "denial_missing", "target", "reason"),
  depth: fact("depth", "INTEGER"),
  expires_at: fact("expires_at", "BIGINT"),
  registry_version: fact("registry_version", "INTEGER"),
  key_replaced: fact("key_replaced", "BOOLEAN"),
  canary: fact("canary", "BOOLEAN"),
  dt: own("strftime(epoch_ms(time), '%Y-%m-%d')"),
  uid: own("metadata.uid"),
  time_ms: own("time"),
  account: own("cloud.account.uid"),
  region: own("cloud.region"),
  deployment: own("metadata.log_name"),
  denial: { from: denial, as: "facts.denial.code" },
  denial_subject: {
    from: denial,
    as: "coalesce(facts.denial.cause.subject, 'session:' || facts.denial.cause.sid, facts.denial.subject)",
  },
  scopes: {
    from: grants,
    as: "array_to_string(flatten(list_transform(facts.grants, lambda g: g.scopes)), ' ')",
  },
  resources: { from: grants, as: "array_to_string(list_transform(facts.grants, lambda g: g.resource), ' ')" },
  aws_request_ids: {
    from: { aws_request_ids: "VARCHAR[]" },
    as: "array_to_string(facts.aws_request_ids, ' ')",
  },
  aws_resources: {
    from: { aws_resources: "VARCHAR[]" },
    as: "array_to_string(list_transform(facts.aws_resources, lambda r: replace(r, ' ', '%20')), ' ')",
  },
  function_role_arn: {
    from: { operation: "VARCHAR", evidence: 'STRUCT("roleArn" VARCHAR)' },
    as: `CASE WHEN facts.operation = 'deployment.seen' THEN facts.evidence."roleArn" END`,
  },
  times: { from: { count: "BIGINT" }, as: "coalesce(facts.count, 1)" },
  subjects: {
    from: {
      ...{ principal: "VARCHAR", build: "VARCHAR", sid: "VARCHAR", root: "VARCHAR", parent: "VARCHAR" },
      ...{ anc: "VARCHAR[]", actors: "VARCHAR[]", agent: "VARCHAR" },
    },
    as: `array_to_string(['deployment', 'principal:' || facts.principal, 'build:' || facts.build,
      'session:' || facts.sid, 'session:' || facts.root, 'session:' || facts.parent]
      || list_transform(coalesce(facts.anc, []), lambda a: 'session:' || a)
      || list_transform(coalesce(facts.actors, [facts.agent]), lambda a: 'agent:' || a), ' ')`,
  },
};

/**
 * Makes `lanyard_audit` in DuckDB, from files as S3 holds them. Lines that are no events of ours are passed over.
 * @param columns those that are asked for; no other is parsed or kept
 */
export function auditTable(files: readonly string[], columns: readonly AuditColumn[]): string {
  const members = Object.assign({ operation: "VARCHAR" }, ...columns.map((name) => made[name].from)) as object;
  const facts = Object.entries(members).map(([name, type]) => `"${name}" ${type}`);
  return `
  CREATE TABLE lanyard_audit AS
  SELECT ${columns.map((name) => `${made[name].as} AS ${name}`).join(",\n    ")}
  FROM (
    SELECT time, metadata, cloud, unmapped.lanyard AS facts
    FROM read_json(${listed(files)}, format = 'newline_delimited', ignore_errors = true, columns = {
      time: 'BIGINT', metadata: 'STRUCT(uid VARCHAR, log_name VARCHAR)',
      cloud: 'STRUCT(account STRUCT(uid VARCHAR), region VARCHAR)',
      unmapped: 'STRUCT(lanyard STRUCT(${facts.join(", ")}))'
    })
  )
  WHERE facts.operation IS NOT NULL`;
}
