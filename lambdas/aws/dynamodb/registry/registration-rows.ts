import {
  type AgentKey,
  type AgentRegistration,
  agentKeyAlgorithms,
  type CodeBinding,
  type HeldTool,
  heldToolKinds,
  type Owner,
  type QuarantineProfile,
  type ScopeSet,
  type Selector,
} from "../../../../core/model/agent-registration.ts";
import type { ApproverRegistration, IamCaller } from "../../../../core/model/approver.ts";
import { assuranceLevels } from "../../../../core/model/assurance.ts";
import type {
  AwsGrant,
  AwsNarrowing,
  AwsRoleRegistration,
  DynamoDbAwsGrant,
  S3AwsGrant,
} from "../../../../core/model/aws-role.ts";
import type {
  ClaimCondition,
  DelegationRuleRegistration,
  PolicyRegistration,
  ReceiverRegistration,
  Registration,
  ScopeMappingRegistration,
  TrustedIssuerRegistration,
  TrustedScimClient,
  TrustedTransmitter,
} from "../../../../core/model/registry.ts";
import {
  type DetailsTypeRegistration,
  type ResourceRegistration,
  ruleNames,
  type ToolChangeRule,
  type ToolDeclaration,
} from "../../../../core/model/resource-registration.ts";
import { budget } from "../budgets/declared.ts";
import {
  anyObject,
  anyText,
  byKind,
  type Decode,
  type Item,
  json,
  list,
  mapOf,
  members,
  misread,
  oneOf,
  optional,
  row,
  text,
  whole,
} from "../codec.ts";
import { versionText } from "./history-rows.ts";

/** Partition of a version's rows of one kind; padded, so that versions sort as text. */
export const registryKind = (version: number, kind: Registration["kind"] | "claim"): string =>
  `${versionText(version)}#${kind}`;

interface RegistryRow {
  readonly kind: string;
  readonly name: string;
  readonly row: Registration;
}

/**
 * The row of a registration of a version. The registration is stored as JSON text, since no query needs a single
 * member.
 */
export const registrationItem = (version: number, registration: Registration) => ({
  kind: registryKind(version, registration.kind),
  name: registration.name,
  row: JSON.stringify(registration),
});

const scopeSet = members<ScopeSet>({ resource: text, scopes: list(text) });

const quarantine = members<QuarantineProfile>({
  scopes: list(scopeSet),
  maxLifetimeSeconds: optional(whole),
  approval: optional(members<NonNullable<QuarantineProfile["approval"]>>({ group: text, needed: optional(whole) })),
  serves: optional(oneOf(true)),
});

const budgets = optional(list(budget));

const client = members({ issuer: text, clientId: text });

/** A public key of an agent, as registrations and the published row hold it. */
export const agentKey: Decode<AgentKey> = members<AgentKey>({
  kty: oneOf("EC", "OKP", "RSA"),
  kid: text,
  alg: oneOf(...agentKeyAlgorithms),
  use: optional(oneOf("sig")),
  crv: optional(text),
  x: optional(text),
  y: optional(text),
  n: optional(text),
  e: optional(text),
});

const owner: Decode<Owner> = (value, at) => {
  if (typeof value === "string") return value;
  const { issuer, sub, ...more } = anyObject(value, at);
  const isPerson = typeof issuer === "string" && typeof sub === "string" && Object.keys(more).length === 0;
  return isPerson ? { issuer, sub } : misread(at, "text or person");
};

const agent = members<AgentRegistration>({
  kind: oneOf("agent"),
  name: text,
  state: oneOf("draft", "active", "suspended", "retired"),
  owner,
  ownerConfirmedDays: optional(whole),
  sponsor: anyText,
  description: optional(anyText),
  selectors: list(members<Selector>({ type: text, exact: mapOf(anyText), tags: optional(mapOf(anyText)) })),
  minimumAssurance: oneOf(...assuranceLevels),
  replacesKeyAfterSeconds: optional(whole),
  redeem: optional(oneOf("any-key")),
  code: optional(
    members<CodeBinding>({
      lambda: optional(members({ version: text })),
      ecs: optional(members({ container: text })),
      releases: list(text),
    }),
  ),
  clients: list(client),
  keys: optional(list(agentKey)),
  signsCards: optional(oneOf(true)),
  aliases: optional(list(client)),
  acceptsTokensOf: optional(list(members({ issuer: text, clients: list(text) }))),
  withoutProof: optional(oneOf(true)),
  lifeFromApproval: optional(oneOf(true)),
  tools: optional(
    list(
      members<HeldTool>({
        kind: oneOf(...heldToolKinds),
        name: text,
        version: optional(text),
        resource: optional(text),
        digests: optional(list(text)),
      }),
    ),
  ),
  may: list(scopeSet),
  quarantine: optional(quarantine),
  requiresDetails: optional(oneOf(true)),
  lends: list(scopeSet),
  audiences: list(text),
  policyMode: optional(oneOf("enforce", "log")),
  maxDepth: optional(whole),
  maxLifetimeSeconds: optional(whole),
  issuancesPerSecond: optional(whole),
  maxChildren: optional(whole),
  budgets,
  reviewBy: optional(text),
  dormantAfterDays: optional(whole),
});

const resource = members<ResourceRegistration>({
  kind: oneOf("resource"),
  name: text,
  uri: text,
  servedBy: text,
  frontedBy: optional(list(text)),
  toolChanges: optional(members<ToolChangeRule>({ group: text, needed: optional(whole) })),
  tools: optional(
    list(
      members<ToolDeclaration>({
        name: text,
        scopes: list(text),
        details: optional(mapOf(mapOf(text))),
        digests: optional(list(text)),
      }),
    ),
  ),
  scopes: list(text),
  accessTokenLifeSeconds: optional(whole),
  senderConstraint: optional(oneOf("dpop", "none")),
  introspecting: optional(oneOf(true)),
  subjectIdentifier: optional(oneOf("iss_sub")),
  accessTokenSigningAlg: optional(oneOf("ES256", "RS256")),
});

const detailsType = members<DetailsTypeRegistration>({
  kind: oneOf("details-type"),
  name: text,
  resource: text,
  schema: anyObject,
  rules: mapOf(oneOf(...ruleNames)),
  requiredFor: optional(list(text)),
});

const scopeMapping = members<ScopeMappingRegistration>({
  kind: oneOf("entailment"),
  name: text,
  agent: text,
  from: members({ resource: text, scope: text }),
  to: scopeSet,
  details: mapOf(text),
  lifetimeSeconds: optional(whole),
});

const delegationRule = members<DelegationRuleRegistration>({
  kind: oneOf("lending"),
  name: text,
  issuer: text,
  when: members<ClaimCondition>({
    claim: text,
    equals: anyText,
    verifiedBy: optional(oneOf("email_verified", "phone_number_verified")),
  }),
  lends: list(scopeSet),
  budgets,
});

const trustedIssuer = members<TrustedIssuerRegistration>({
  kind: oneOf("trusted-issuer"),
  name: text,
  purpose: oneOf("person", "aws-sts", "workload", "spiffe"),
  issuer: text,
  jwksUri: optional(text),
  maxTokenLifeSeconds: optional(whole),
  audience: optional(text),
  algorithms: list(oneOf("RS256", "ES256", "ES384", "PS256")),
  account: optional(text),
  organization: optional(text),
  groups: optional(
    members<NonNullable<TrustedIssuerRegistration["groups"]>>({
      claim: text,
      names: list(text),
      absent: optional(oneOf("refuse", "none")),
    }),
  ),
  identityAssertions: optional(oneOf(true)),
  approvals: optional(members<NonNullable<TrustedIssuerRegistration["approvals"]>>({ clients: list(text) })),
  events: optional(members<TrustedTransmitter>({ audience: text, issuer: optional(text), jwksUri: optional(text) })),
  scim: optional(
    members<TrustedScimClient>({
      tokenSha256: list(text),
      subject: optional(oneOf("externalId", "userName")),
    }),
  ),
});

const all = oneOf("all");
const receiver = members<ReceiverRegistration>({
  kind: oneOf("receiver"),
  name: text,
  endpoint: text,
  audience: text,
  resources: (value, at) => (value === "all" ? all(value, at) : list(text)(value, at)),
  events: list(oneOf("session-revoked")),
  authorizationSecret: optional(text),
});

const awsGrantBase = { scope: text, actions: list(text), kmsKeys: list(text) };
const s3Grant = members<S3AwsGrant>({
  ...awsGrantBase,
  service: oneOf("s3"),
  where: members<S3AwsGrant["where"]>({ bucket: text, prefix: optional(text) }),
  details: list(members<AwsNarrowing>({ type: text, field: text, as: optional(oneOf("folder")) })),
});
const dynamoDbGrant = members<DynamoDbAwsGrant>({
  ...awsGrantBase,
  service: oneOf("dynamodb"),
  where: members<DynamoDbAwsGrant["where"]>({ table: text, prefix: optional(text) }),
  details: list(members<AwsNarrowing>({ type: text, field: text, as: optional(oneOf("folder")) })),
});
const awsGrant: Decode<AwsGrant> = (value, at) =>
  anyObject(value, at).service === "dynamodb" ? dynamoDbGrant(value, at) : s3Grant(value, at);
const awsRole = members<AwsRoleRegistration>({
  kind: oneOf("aws-role"),
  name: text,
  arn: text,
  agents: list(text),
  resource: text,
  grants: list(awsGrant),
  exclusive: optional(oneOf(true)),
});

const approver = members<ApproverRegistration>({
  kind: oneOf("approver"),
  name: text,
  person: members<ApproverRegistration["person"]>({ issuer: text, sub: text }),
  iam: members<IamCaller>({ uniqueId: text, session: optional(text) }),
  groups: list(text),
});

const policy = members<PolicyRegistration>({
  kind: oneOf("policy"),
  name: text,
  cedar: text,
  mode: optional(oneOf("enforce", "log")),
});

const registration = byKind<Registration>({
  agent,
  resource,
  "details-type": detailsType,
  entailment: scopeMapping,
  lending: delegationRule,
  "trusted-issuer": trustedIssuer,
  receiver,
  "aws-role": awsRole,
  approver,
  policy,
});

const registryRow = members<RegistryRow>({ kind: text, name: text, row: json(registration) });

/**
 * Checks that a row contains the registration that its key names. Otherwise one registration could pass for another.
 */
const ofItsKey: Decode<RegistryRow> = (value, at) => {
  const read = registryRow(value, at);
  const isItsKey = read.kind.endsWith(`#${read.row.kind}`) && read.row.name === read.name;
  return isItsKey ? read : misread("row", "registration that its key names");
};

const decode = row({ table: "registry", key: ["kind", "name"], cure: "apply the registry again" }, ofItsKey);

/**
 * The registration in a row.
 * @throws {@link BrokenRow}
 */
export const registrationOf = (item: Item): Registration => decode(item).row;
