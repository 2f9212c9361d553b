import type { AgentRegistration } from "./agent-registration.ts";
import { type ApproverRegistration, type IamCaller, iamCallerKey } from "./approver.ts";
import type { AwsRoleRegistration } from "./aws-role.ts";
import { normalUrl } from "./normal-url.ts";
import { ownerId } from "./owner.ts";
import type {
  DelegationRuleRegistration,
  PolicyRegistration,
  ReceiverRegistration,
  Registration,
  ScopeMappingRegistration,
  TrustedIssuerRegistration,
} from "./registry.ts";
import type { DetailsTypeRegistration, ResourceRegistration } from "./resource-registration.ts";

/** One version of the registry, indexed for the questions a request asks. Immutable. */
export interface RegistrySnapshot {
  readonly version: number;
  /** By SPIFFE ID. */
  agent(id: string): AgentRegistration | undefined;
  /** By exact URI. */
  resource(uri: string): ResourceRegistration | undefined;
  /**
   * The resource that a request names. Another spelling of its address (RFC 3986 6.2.2, 6.2.3) names it too, and so
   * does one that differs in a final slash: many clients add that slash to an origin (`new URL(x).href`). No two
   * resources may be registered that differ only so.
   */
  resourceNamed(text: string): ResourceRegistration | undefined;
  /** Whether an agent (SPIFFE ID) serves a resource or stands before it, so that it may ask for decisions about it. */
  mayAskAbout(agentId: string, resource: ResourceRegistration): boolean;
  /** The resource a scope belongs to. */
  resourceOfScope(scope: string): ResourceRegistration | undefined;
  detailsType(name: string): DetailsTypeRegistration | undefined;
  /** The types that restrict a resource. */
  detailsTypes(resource: string): readonly DetailsTypeRegistration[];
  /** By exact issuer and purpose. */
  trustedIssuer(issuer: string, purpose: TrustedIssuerRegistration["purpose"]): TrustedIssuerRegistration | undefined;
  /** An issuer of persons' tokens by its registered name, which is also the first part of its groups' ids. */
  personIssuer(name: string): TrustedIssuerRegistration | undefined;
  /** Every issuer of persons' tokens. */
  readonly personIssuers: readonly TrustedIssuerRegistration[];
  delegationRulesOf(issuer: string): readonly DelegationRuleRegistration[];
  delegationRule(name: string): DelegationRuleRegistration | undefined;
  readonly delegationRules: readonly DelegationRuleRegistration[];
  /** Scope mappings for an agent (SPIFFE ID) that received a token for `resource`. */
  scopeMappings(agentId: string, resource: string): readonly ScopeMappingRegistration[];
  /** Every scope mapping for an agent, by its name. */
  scopeMappingsOf(name: string): readonly ScopeMappingRegistration[];
  /** The AWS roles of a resource whose credentials an agent (SPIFFE ID) may get. */
  awsRoles(agentId: string, resource: string): readonly AwsRoleRegistration[];
  /** The person that a caller of AWS is registered as, to approve. */
  approver(caller: IamCaller): ApproverRegistration | undefined;
  readonly policies: readonly PolicyRegistration[];
  /** Every declared group of people, as `<trusted issuer's name>/<group>`. */
  readonly groups: ReadonlySet<string>;
  /** Every AWS role that sessions get credentials of. */
  readonly roles: readonly AwsRoleRegistration[];
  readonly resources: readonly ResourceRegistration[];
  readonly receivers: readonly ReceiverRegistration[];
  readonly agents: readonly AgentRegistration[];
  /** Principal ids of people who own an agent that asks for their confirmation (`ownerConfirmedDays`). */
  readonly confirmedOwners: ReadonlySet<string>;
  /** SPIFFE ID of a registered agent's name. */
  agentId(name: string): string;
}

/**
 * Where snapshots come from; the deployment's row, part of every liveness read, tells which version is current (threat
 * 22).
 */
export interface RegistrySource {
  /** The newest snapshot this instance holds, loading one when it holds none. Undefined before the first apply. */
  current(): Promise<RegistrySnapshot | undefined>;
  /** The snapshot of exactly this version. */
  at(version: number): Promise<RegistrySnapshot>;
}

/** A group's name in policies: groups of one name at two issuers stay two groups. */
export const groupId = (issuerName: string, group: string): string => `${issuerName}/${group}`;

/** Every group the rows declare. */
export const groupsOf = (rows: readonly Registration[]): ReadonlySet<string> =>
  new Set(
    rows.flatMap((row) =>
      row.kind === "trusted-issuer" ? (row.groups?.names ?? []).map((group) => groupId(row.name, group)) : [],
    ),
  );

/**
 * What all spellings of a resource's address have in common. An address with a query or fragment has no such place,
 * since no resource may have one (`resourceUriProblem`).
 */
function placeOf(text: string): string | undefined {
  const url = /[?#]/.test(text) ? undefined : normalUrl(text);
  return url && url.origin + url.path.replace(/\/$/, "");
}

const unique = <T>(rows: readonly T[], key: (row: T) => string): Map<string, T> =>
  new Map(rows.map((r) => [key(r), r]));

/**
 * Indexes validated rows.
 * @param version the registry's version these rows belong to
 * @param trustDomain the deployment's SPIFFE trust domain
 * @param rows every registration of that version
 */
export function createSnapshot(version: number, trustDomain: string, rows: readonly Registration[]): RegistrySnapshot {
  const of = <K extends Registration["kind"]>(kind: K) =>
    rows.filter((row): row is Extract<Registration, { kind: K }> => row.kind === kind);
  const agentId = (name: string) => `spiffe://${trustDomain}/agent/${name}`;
  const agents = unique(of("agent"), (a) => agentId(a.name));
  const resources = unique(of("resource"), (r) => r.uri);
  const places = unique(of("resource"), (r) => placeOf(r.uri) ?? r.uri);
  const scopes = new Map(of("resource").flatMap((r) => r.scopes.map((s) => [s, r] as const)));
  const types = unique(of("details-type"), (d) => d.name);
  const rules = unique(of("lending"), (r) => r.name);
  const people = unique(
    of("trusted-issuer").filter((i) => i.purpose === "person"),
    (i) => i.name,
  );
  const issuers = unique(of("trusted-issuer"), (i) => `${i.purpose} ${i.issuer}`);
  const approvers = unique(of("approver"), (a) => iamCallerKey(a.iam));
  return {
    version,
    agentId,
    agents: of("agent"),
    confirmedOwners: new Set(
      of("agent").flatMap((a) => (a.ownerConfirmedDays === undefined ? [] : (ownerId(a.owner) ?? []))),
    ),
    resources: of("resource"),
    roles: of("aws-role"),
    receivers: of("receiver"),
    policies: of("policy"),
    groups: groupsOf(rows),
    agent: (id) => agents.get(id),
    resource: (uri) => resources.get(uri),
    resourceNamed: (text) => resources.get(text) ?? places.get(placeOf(text) ?? text),
    mayAskAbout: (id, { servedBy, frontedBy = [] }) => [servedBy, ...frontedBy].some((name) => agentId(name) === id),
    resourceOfScope: (scope) => scopes.get(scope),
    detailsType: (name) => types.get(name),
    detailsTypes: (resource) => [...types.values()].filter((type) => type.resource === resource),
    approver: (caller) => approvers.get(iamCallerKey(caller)),
    trustedIssuer: (issuer, purpose) => issuers.get(`${purpose} ${issuer}`),
    personIssuer: (name) => people.get(name),
    personIssuers: [...people.values()],
    delegationRule: (name) => rules.get(name),
    delegationRules: of("lending"),
    scopeMappingsOf: (name) => of("entailment").filter((e) => e.agent === name),
    delegationRulesOf: (issuer) => of("lending").filter((rule) => rule.issuer === issuer),
    awsRoles: (id, resource) =>
      of("aws-role").filter((r) => r.resource === resource && r.agents.some((name) => agentId(name) === id)),
    scopeMappings: (id, resource) =>
      of("entailment").filter((e) => agentId(e.agent) === id && e.from.resource === resource),
  };
}
