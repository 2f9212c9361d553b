import type { AgentRegistration, ScopeSet, Selector } from "../../model/agent-registration.ts";
import type { Registration, ScopeMappingRegistration } from "../../model/registry.ts";
import type { DetailsTypeRegistration, ResourceRegistration } from "../../model/resource-registration.ts";
import { groupsOf } from "../../model/snapshot.ts";
import { parseSpiffeId } from "../../text/spiffe-id.ts";
import { awsRoleReferences } from "../aws-role.ts";
import { type Finding, repeated } from "../finding.ts";
import { budgetFindings } from "./budgets.ts";
import { heldToolFindings, toolFindings } from "./tools.ts";

/** The registrations, by the names that others use for them. */
interface Names {
  readonly agents: ReadonlySet<string>;
  /** By URI. */
  readonly resources: ReadonlyMap<string, ResourceRegistration>;
  readonly detailsTypes: ReadonlyMap<string, DetailsTypeRegistration>;
  readonly personIssuers: ReadonlySet<string>;
  /** Those of them whose identity assertions count. */
  readonly assertingIssuers: ReadonlySet<string>;
  /** Clients for approvals, as `issuer client`; no agent may name one. */
  readonly approvalClients: ReadonlySet<string>;
  /** Unique ids of the roles and users that people approve by. */
  readonly approverIds: ReadonlySet<string>;
  /** Every declared group of people, as `<trusted issuer's name>/<group>`. */
  readonly groups: ReadonlySet<string>;
  /** Issuers of workloads' tokens, and federated trust domains as `spiffe://<domain>`. */
  readonly workloadIssuers: ReadonlySet<string>;
  /** Names of the agents that serve a resource. */
  readonly serving: ReadonlySet<string>;
  /** What each agent may hold, as `resource scope`. */
  readonly may: ReadonlyMap<string, ReadonlySet<string>>;
}

const of = <K extends Registration["kind"]>(rows: readonly Registration[], kind: K) =>
  rows.filter((row): row is Extract<Registration, { kind: K }> => row.kind === kind);

const pairs = (sets: readonly ScopeSet[]): string[] => sets.flatMap((s) => s.scopes.map((x) => `${s.resource} ${x}`));

/** Indexes the rows for the checks below. */
export function namesOf(rows: readonly Registration[]): Names {
  const agents = of(rows, "agent");
  const issuers = of(rows, "trusted-issuer").filter((i) => i.purpose === "person");
  const workloads = of(rows, "trusted-issuer").filter((i) => i.purpose === "workload" || i.purpose === "spiffe");
  return {
    agents: new Set(agents.map((a) => a.name)),
    resources: new Map(of(rows, "resource").map((r) => [r.uri, r])),
    detailsTypes: new Map(of(rows, "details-type").map((d) => [d.name, d])),
    personIssuers: new Set(issuers.map((i) => i.issuer)),
    assertingIssuers: new Set(issuers.filter((i) => i.identityAssertions).map((i) => i.issuer)),
    approvalClients: new Set(
      issuers.flatMap(({ issuer, approvals }) => (approvals?.clients ?? []).map((client) => `${issuer} ${client}`)),
    ),
    approverIds: new Set(of(rows, "approver").map(({ iam }) => iam.uniqueId)),
    groups: groupsOf(rows),
    serving: new Set(of(rows, "resource").map((r) => r.servedBy)),
    workloadIssuers: new Set(workloads.map((i) => i.issuer)),
    may: new Map(agents.map((a) => [a.name, new Set(pairs(a.may))])),
  };
}

/** Checks that everything one registration names exists, and that what it delegates or maps to can be used. */
export function referenceFindings(row: Registration, names: Names): readonly Finding[] {
  switch (row.kind) {
    case "agent":
      return [
        ...scopeSetFindings(row.may, "may", names),
        ...scopeSetFindings(row.lends, "lends", names),
        ...beyond({ agent: row.name, sets: row.lends }, "lends", names),
        ...beyond({ agent: row.name, sets: row.quarantine?.scopes ?? [] }, "quarantine.scopes", names),
        ...askedGroup(row.quarantine?.approval?.group, "quarantine.approval.group", names),
        ...row.selectors.flatMap((s, i) => selectorFindings(s, `selectors.${i}.exact`, names)),
        ...row.clients.flatMap((c, i) => personIssuer(c.issuer, `clients.${i}.issuer`, names)),
        ...(typeof row.owner === "string" ? [] : personIssuer(row.owner.issuer, "owner.issuer", names)),
        ...(row.aliases ?? []).flatMap((a, i): Finding[] =>
          names.assertingIssuers.has(a.issuer)
            ? []
            : [[`aliases.${i}.issuer`, `${a.issuer} is no trusted issuer of persons with identityAssertions`]],
        ),
        ...(row.acceptsTokensOf ?? []).flatMap((a, i) => personIssuer(a.issuer, `acceptsTokensOf.${i}.issuer`, names)),
        ...(row.acceptsTokensOf && !names.serving.has(row.name)
          ? [["acceptsTokensOf", "is for agents that serve a resource: no token could be for this one"] as const]
          : []),
        ...approvalClientFindings(row, names),
        ...row.selectors.flatMap(({ exact }, i): Finding[] =>
          names.approverIds.has(exact.roleId ?? "")
            ? [[`selectors.${i}.exact.roleId`, "is a role that people approve by: an agent may never be one"]]
            : [],
        ),
        ...heldToolFindings(row.tools ?? [], names.resources),
        ...budgetFindings(row.budgets, { held: row.may.map((set) => set.resource), resources: names.resources }),
        ...(row.requiresDetails ? unrestricted(row.may, names) : []),
        ...row.audiences.flatMap((a, i): Finding[] =>
          names.resources.has(a) ? [[`audiences.${i}`, "must not be a registered resource"]] : [],
        ),
      ];
    case "resource":
      return [
        ...agentFindings(row.servedBy, "servedBy", names),
        ...repeated(row.scopes, "scopes"),
        ...(row.frontedBy ?? []).flatMap((agent, i) => frontFindings(agent, row, { path: `frontedBy.${i}`, names })),
        ...repeated(row.frontedBy ?? [], "frontedBy"),
        ...askedGroup(row.toolChanges?.group, "toolChanges.group", names),
        ...toolFindings(row, names.detailsTypes),
      ];
    case "details-type":
      return detailsTypeReferences(row, names);
    case "approver":
      return [
        ...personIssuer(row.person.issuer, "person.issuer", names),
        ...row.groups.flatMap((group, i): Finding[] =>
          names.groups.has(group) ? [] : [[`groups.${i}`, `${group} is no group that a trusted issuer declares`]],
        ),
        ...repeated(row.groups, "groups"),
      ];
    case "lending":
      return [
        ...personIssuer(row.issuer, "issuer", names),
        ...scopeSetFindings(row.lends, "lends", names),
        ...budgetFindings(row.budgets, { held: row.lends.map((set) => set.resource), resources: names.resources }),
      ];
    case "entailment":
      return scopeMappingFindings(row, names);
    case "aws-role":
      return [
        ...row.agents.flatMap((agent, i) => agentFindings(agent, `agents.${i}`, names)),
        ...(names.resources.has(row.resource) ? [] : resourceFindings(row.resource, "resource", names)),
        ...row.grants.flatMap(({ scope }, i) =>
          foreignScope({ resource: row.resource, scope }, `grants.${i}.scope`, names),
        ),
        ...awsRoleReferences(row, names),
      ];
    case "receiver":
      return row.resources === "all"
        ? []
        : row.resources.flatMap((uri, i) => resourceFindings(uri, `resources.${i}`, names));
    case "trusted-issuer":
      return row.audience !== undefined && names.resources.has(row.audience)
        ? [["audience", "must not be a registered resource"]]
        : [];
    default:
      return [];
  }
}

/**
 * An agent that is handed a person's token for approvals could say yes for that person (threat 58), so no agent may have
 * anything to do with a client for them. Its own clients are compared where values must be unique.
 */
const approvalClientFindings = (
  { acceptsTokensOf = [], aliases = [] }: AgentRegistration,
  { approvalClients }: Names,
): Finding[] => {
  const found = (path: string, issuer: string, client: string): Finding[] =>
    approvalClients.has(`${issuer} ${client}`)
      ? [[path, `client ${client} of ${issuer} is for approvals: no agent may name it`]]
      : [];
  return [
    ...acceptsTokensOf.flatMap(({ issuer, clients }, i) =>
      clients.flatMap((client, j) => found(`acceptsTokensOf.${i}.clients.${j}`, issuer, client)),
    ),
    ...aliases.flatMap(({ issuer, clientId }, i) => found(`aliases.${i}.clientId`, issuer, clientId)),
  ];
};

const agentFindings = (name: string, path: string, names: Names): Finding[] =>
  names.agents.has(name) ? [] : [[path, `no agent is named ${name}`]];

const frontFindings = (
  agent: string,
  { servedBy }: ResourceRegistration,
  { path, names }: { readonly path: string; readonly names: Names },
): Finding[] =>
  agent === servedBy
    ? [[path, `${agent} serves the resource, and may ask about it anyway`]]
    : agentFindings(agent, path, names);

const resourceFindings = (uri: string, path: string, names: Names): Finding[] =>
  names.resources.has(uri) ? [] : [[path, `no resource has the uri ${uri}`]];

const personIssuer = (issuer: string, path: string, names: Names): Finding[] =>
  names.personIssuers.has(issuer) ? [] : [[path, `${issuer} is no trusted issuer of persons' tokens`]];

/**
 * Refuses a selector whose issuer is not registered: it could never match, and is a typing error or an incomplete
 * removal.
 */
const selectorFindings = ({ type, exact }: Selector, path: string, names: Names): Finding[] => {
  if (type === "oidc" && exact.issuer !== undefined && !names.workloadIssuers.has(exact.issuer))
    return [[`${path}.issuer`, `${exact.issuer} is no trusted issuer of workloads' tokens`]];
  const domain = type.startsWith("spiffe-") ? parseSpiffeId(exact.spiffeId ?? "")?.trustDomain : undefined;
  return domain === undefined || names.workloadIssuers.has(`spiffe://${domain}`)
    ? []
    : [[`${path}.spiffeId`, `spiffe://${domain} is no federated trust domain`]];
};

const scopeSetFindings = (sets: readonly ScopeSet[], path: string, names: Names): Finding[] =>
  sets.flatMap((set, i) => {
    const declared = names.resources.get(set.resource)?.scopes;
    if (!declared) return resourceFindings(set.resource, `${path}.${i}.resource`, names);
    const missing = set.scopes.flatMap((scope, j): Finding[] =>
      declared.includes(scope) ? [] : [[`${path}.${i}.scopes.${j}`, `${set.resource} declares no scope ${scope}`]],
    );
    return [...missing, ...repeated(set.scopes, `${path}.${i}.scopes`)];
  });

const foreignScope = (of: ScopeMappingRegistration["from"], path: string, names: Names): Finding[] =>
  names.resources.get(of.resource)?.scopes.includes(of.scope) === false
    ? [[path, `${of.resource} declares no scope ${of.scope}`]]
    : [];

/** A group that no issuer declares has nobody in it who could say yes. */
const askedGroup = (group: string | undefined, path: string, { groups }: Names): readonly Finding[] =>
  group === undefined || groups.has(group) ? [] : [[path, `${group} is no group that a trusted issuer declares`]];

/**
 * Finds grants beyond what the agent may hold. They could never be used, so they are a mistake, and it is better found
 * here than in operation.
 */
const beyond = (
  { agent, sets }: { readonly agent: string; readonly sets: readonly ScopeSet[] },
  path: string,
  names: Names,
): Finding[] => {
  const over = pairs(sets).filter((pair) => names.may.get(agent)?.has(pair) === false);
  return over.length === 0 ? [] : [[path, `beyond what agent ${agent} may hold: ${over.join(", ")}`]];
};

const scopeMappingFindings = (row: ScopeMappingRegistration, names: Names): readonly Finding[] => {
  const from = names.resources.get(row.from.resource);
  const served: Finding[] =
    from && from.servedBy !== row.agent
      ? [["agent", `does not serve ${row.from.resource}; ${from.servedBy} does`]]
      : [];
  const own: Finding[] =
    row.to.resource === row.from.resource ? [["to.resource", "must be another resource than that of `from`"]] : [];
  return [
    ...agentFindings(row.agent, "agent", names),
    ...served,
    ...scopeSetFindings([{ resource: row.from.resource, scopes: [row.from.scope] }], "from", names),
    ...own,
    ...scopeSetFindings([row.to], "to", names),
    ...beyond({ agent: row.agent, sets: [row.to] }, "to", names),
    ...Object.entries(row.details).flatMap((types) => mappedDetails(row, types, names)),
  ];
};

/** Scopes that are granted only with such a detail must belong to its resource. */
const detailsTypeReferences = (row: DetailsTypeRegistration, names: Names): readonly Finding[] => {
  const { resource, requiredFor = [] } = row;
  const declared = names.resources.get(resource)?.scopes;
  if (!declared) return resourceFindings(resource, "resource", names);
  const missing = requiredFor.flatMap((scope, i): Finding[] =>
    declared.includes(scope) ? [] : [[`requiredFor.${i}`, `${resource} declares no scope ${scope}`]],
  );
  return [...missing, ...repeated(requiredFor, "requiredFor")];
};

/**
 * Finds resources that no details type restricts, for an agent whose every grant needs a detail: it could never get
 * anything there.
 */
const unrestricted = (may: readonly ScopeSet[], names: Names): readonly Finding[] => {
  const restricted = new Set([...names.detailsTypes.values()].map((type) => type.resource));
  return may.flatMap((set, i): Finding[] =>
    restricted.has(set.resource) || !names.resources.has(set.resource)
      ? []
      : [[`may.${i}.resource`, `no details type restricts ${set.resource}, and this agent may hold nothing bare`]],
  );
};

/**
 * A detail carries over field by field, so both types must exist, each for its resource, with the same fields (threat
 * 7).
 */
const mappedDetails = (
  row: ScopeMappingRegistration,
  [source, target]: readonly [string, string],
  names: Names,
): Finding[] => {
  const path = `details.${source}`;
  const [a, b] = [names.detailsTypes.get(source), names.detailsTypes.get(target)];
  if (a?.resource !== row.from.resource) return [[path, `${source} is no details type of ${row.from.resource}`]];
  if (b?.resource !== row.to.resource) return [[path, `${target} is no details type of ${row.to.resource}`]];
  const twin = Object.keys(row.details).find((other) => other !== source && row.details[other] === target);
  if (twin !== undefined) return [[path, `${twin} becomes ${target} too; two details cannot both become one`]];
  const shape = (t: DetailsTypeRegistration) =>
    JSON.stringify(Object.entries(t.rules).sort(([x], [y]) => (x < y ? -1 : 1)));
  return shape(a) === shape(b) ? [] : [[path, `${source} and ${target} do not have the same fields and rules`]];
};
