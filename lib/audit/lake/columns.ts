/** Columns of the raw tables, in Hive's types. Every name is in lower case: both readers of JSON compare without case. */

/** One column; a struct is a list of columns, in brackets a list of them. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

const struct = (members: Readonly<Record<string, string>>): string =>
  `struct<${Object.entries(members)
    .map(([name, type]) => `${name}:${type}`)
    .join(",")}>`;
const texts = (...names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, "string"]));
const columns = (of: Readonly<Record<string, string>>): readonly Column[] =>
  Object.entries(of).map(([name, type]) => ({ name, type }));

/** Our own facts. Whatever is an object of changing shape is its JSON text. */
const facts = struct({
  ...texts("operation", "outcome", "request_id", "agent", "owner", "operator_arn", "operator_id", "principal"),
  actors: "array<string>",
  logins: "array<string>",
  ...texts("sid", "root", "parent"),
  anc: "array<string>",
  depth: "int",
  ...texts("offered_to", "receiver", "revocation"),
  grants: `array<${struct({ resource: "string", scopes: "array<string>", details: "string" })}>`,
  requested: struct({ resources: "array<string>", scopes: "array<string>" }),
  expires_at: "bigint",
  ...texts("jti", "token_type", "aws_role", "aws_role_arn", "aws_access_key_id"),
  aws_request_ids: "array<string>",
  aws_resources: "array<string>",
  ...texts("aws_policy_digest", "aws_token", "jkt", "assurance", "evidence_type"),
  evidence: struct(texts("rolearn")),
  evidence_id: "string",
  key_replaced: "boolean",
  build: "string",
  checks: `array<${struct({ name: "string", ok: "boolean", detail: "string" })}>`,
  registry_version: "int",
  registry_base: "int",
  registry_digest: "string",
  registry_restored: "int",
  changes: "string",
  policies: "array<string>",
  ...texts("asked", "policy_logged", "approval", "approval_hash", "approval_group"),
  approval_needed: "int",
  approval_resources: "array<string>",
  approvers: "array<string>",
  ...texts("purpose", "approver", "approver_proof", "approver_client"),
  decisions: `array<${struct({ ...texts("sid", "resource", "tool", "digest", "code"), decision: "boolean" })}>`,
  budgets: "array<string>",
  cost_minor: "bigint",
  ...texts("cost_currency", "cost_report"),
  denial: struct({ ...texts("code", "subject"), cause: struct(texts("subject", "sid")) }),
  ...texts("denial_rule", "denial_missing", "target", "reason", "signal_issuer", "signal_id", "signal_event"),
  count: "int",
  user_agent: "string",
  quarantine: "boolean",
  canary: "boolean",
});

const sessionMember = struct({ ...texts("uid", "credential_uid"), expiration_time: "bigint" });
const userMember = struct({ ...texts("uid", "name", "type"), type_id: "int" });
const endpoint = struct(texts("ip", "name"));

/** An audit record: the members of OCSF, and our facts (docs/audit.md). */
export const auditColumns: readonly Column[] = columns({
  metadata: struct({
    ...texts("uid", "version", "log_name", "event_code", "correlation_uid"),
    profiles: "array<string>",
    product: struct(texts("name", "vendor_name")),
    is_truncated: "boolean",
  }),
  cloud: struct({ ...texts("provider", "region"), account: struct({ ...texts("uid", "type"), type_id: "int" }) }),
  class_uid: "int",
  class_name: "string",
  category_uid: "int",
  category_name: "string",
  activity_id: "int",
  activity_name: "string",
  type_uid: "bigint",
  type_name: "string",
  time: "bigint",
  severity_id: "int",
  severity: "string",
  status_id: "int",
  ...texts("status", "status_code", "status_detail"),
  count: "int",
  ai_agent: struct(texts("uid", "name", "instance_uid", "version")),
  actor: struct({
    user: userMember,
    session: sessionMember,
    ...texts("app_uid", "app_name"),
    authorizations: `array<${struct({ decision: "string", policy: struct(texts("name")) })}>`,
  }),
  src_endpoint: endpoint,
  user: userMember,
  session: sessionMember,
  service: struct(texts("name")),
  is_remote: "boolean",
  privileges: "array<string>",
  entity: struct(texts("uid", "type")),
  comment: "string",
  api: struct({ operation: "string", service: struct(texts("name")), request: struct(texts("uid")) }),
  unmapped: struct({ lanyard: facts }),
});

const session = struct({
  attributes: struct(texts("mfaauthenticated", "creationdate")),
  sessionissuer: struct(texts("type", "principalid", "arn", "accountid", "username")),
  ec2roledelivery: "string",
  webidfederationdata: struct({ federatedprovider: "string", attributes: "map<string,string>" }),
  // AWS publishes the table without it, and with it alone a session can be found again
  sourceidentity: "string",
});

/**
 * A record of CloudTrail: AWS's published table, and besides what it lacks: `sourceidentity`, `inscopeof` (the function
 * or service that credentials were issued to) and `invokedbydelegate` (who called in delegated access).
 */
export const trailColumns: readonly Column[] = columns({
  eventversion: "string",
  useridentity: struct({
    ...texts("type", "principalid", "arn", "accountid", "invokedby", "accesskeyid", "username"),
    onbehalfof: struct(texts("userid", "identitystorearn")),
    sessioncontext: session,
    inscopeof: struct(texts("issuertype", "credentialsissuedto", "sourcearn", "sourceaccount")),
    invokedbydelegate: struct(texts("accountid")),
    ...texts("identityprovider", "credentialid"),
  }),
  ...texts("eventtime", "eventsource", "eventname", "awsregion", "sourceipaddress", "useragent"),
  ...texts("errorcode", "errormessage", "requestparameters", "responseelements", "additionaleventdata"),
  ...texts("requestid", "eventid", "readonly"),
  resources: `array<${struct(texts("arn", "accountid", "type"))}>`,
  ...texts("eventtype", "apiversion", "recipientaccountid", "serviceeventdetails", "sharedeventid"),
  ...texts("vpcendpointid", "vpcendpointaccountid", "eventcategory"),
  addendum: struct(texts("reason", "updatedfields", "originalrequestid", "originaleventid")),
  ...texts("sessioncredentialfromconsole", "edgedevicedetails"),
  tlsdetails: struct(texts("tlsversion", "ciphersuite", "clientprovidedhostheader")),
});
