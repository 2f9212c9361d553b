import { createHash } from "node:crypto";
import type { ApproverRegistration } from "../../core/model/approver.ts";
import type { Budget } from "../../core/model/budget.ts";
import type { Registration } from "../../core/model/registry.ts";
import { agent, customers, idp, inBase, tickets } from "../kit/registry.ts";
import { account } from "../kit/world/attests.ts";
import { childrenOf, signaturesPerSecond } from "./bounds.ts";
import { policyRows } from "./policies.ts";
import { type AgentName, type Approver, agentNames, type Build, type Published } from "./state.ts";

/** The registry of the programs, as the service has it. The model has its own idea of it, in `registered.ts`. */

export const roleOf = (name: AgentName): string => `arn:aws:iam::${account}:role/agents/${name}`;
/** Digest of a build's package, as Lambda would tell it. */
export const digestOf = (build: Build): string => createHash("sha256").update(build).digest("base64");
const bound: readonly string[] = ["planner", "researcher"];

export const payments = "https://payments.example";
export const releases = "https://releases.example";
const payment = { resource: payments, scopes: ["payments:send"] };
const release = { resource: releases, scopes: ["releases:push", "releases:stage"] };
const staging = { resource: releases, scopes: ["releases:stage"] };
const reading = { resource: tickets, scopes: ["tickets:read"] };
export const group = "people/release";
const ofBase = (name: string) => inBase("agent", name).may;

/** What the programs' registry has beyond the base: longer lives for two agents, payments and releases, a hop more. */
const registered: Partial<Record<AgentName, object>> = {
  planner: {
    maxLifetimeSeconds: 2_400,
    may: [...ofBase("planner"), payment, release],
    quarantine: { scopes: [reading, staging], maxLifetimeSeconds: 600 },
  },
  researcher: {
    maxLifetimeSeconds: 1_800,
    may: [...ofBase("researcher"), payment, staging],
    lends: [...inBase("agent", "researcher").lends, staging],
    quarantine: { scopes: [reading, staging], approval: { group } },
  },
  triage: { may: [...ofBase("triage"), release], lifeFromApproval: true },
  "ticket-api": {
    may: [...ofBase("ticket-api"), staging],
    quarantine: { scopes: [{ resource: customers, scopes: ["customers:read"] }] },
  },
  "customer-api": { may: [reading], quarantine: { scopes: [reading], serves: true } },
};

const entailment = inBase("entailment", "tickets-show-customers");
/** Two that grant what is made of a token a life of its own, and one to what people approve. */
const entailments: readonly Registration[] = [
  {
    ...entailment,
    name: "writers-see-customers",
    from: { resource: tickets, scope: "tickets:write" },
    lifetimeSeconds: 600,
  },
  {
    ...entailment,
    name: "customers-show-tickets",
    agent: "customer-api",
    from: { resource: customers, scope: "customers:read" },
    to: { resource: tickets, scopes: ["tickets:read"] },
    details: {},
    lifetimeSeconds: 400,
  },
  {
    ...entailment,
    name: "writers-stage",
    from: { resource: tickets, scope: "tickets:write" },
    to: staging,
    details: {},
  },
];

/** A resource that asks about every request, one that people approve, and people who lend both. */
const resources = ({ releaseSeconds }: Published): readonly Registration[] => [
  {
    kind: "resource",
    name: "payments",
    uri: payments,
    servedBy: "customer-api",
    scopes: payment.scopes,
    introspecting: true,
  },
  {
    kind: "resource",
    name: "releases",
    uri: releases,
    servedBy: "customer-api",
    scopes: release.scopes,
    accessTokenLifeSeconds: releaseSeconds,
  },
  {
    ...inBase("lending", "support-lends"),
    lends: [...inBase("lending", "support-lends").lends, payment, release],
    budgets: [{ name: "lent", resources: [payments], calls: { day: 6 } }],
  },
];

/** The client whose tokens decide, and one that the registry knows for nothing. */
export const approvalsClient = "approvals-app";
/** IAM's unique id of the role that approvers take. */
export const approverRole = "AROAEXAMPLEEXAMPLE11";

const approverRow = (name: Approver): ApproverRegistration => ({
  kind: "approver",
  name,
  person: { issuer: idp, sub: name },
  iam: { uniqueId: approverRole, session: name },
  groups: [group],
});

const peopleRows = ({ approvers, byToken }: Published): readonly Registration[] => [
  {
    ...inBase("trusted-issuer", "people"),
    groups: { claim: "groups", names: ["support", "release"], absent: "none" },
    approvals: { clients: [byToken ? approvalsClient : "former-app"] },
  },
  ...approvers.map(approverRow),
];

/** People who own two of them, and must be confirmed once a day. */
const ownedBy = (name: AgentName) => {
  const sub = { researcher: "ada", triage: "bob" }[name as string];
  return sub === undefined ? {} : { owner: { issuer: idp, sub }, ownerConfirmedDays: 1 };
};

const sending = ({ sends }: Published): Budget => ({
  ...{ name: "send", resources: [payments] },
  ...{ calls: { hour: sends }, money: { currency: "EUR", day: 1_000 } },
});

/** The base registry with every agent able to attest, two of them bound to the builds A and B. */
export function rowsFor(published: Published, suspended: readonly string[]): readonly Registration[] {
  const agents = agentNames.map((name): Registration => {
    const code = { lambda: { version: "7" }, releases: [digestOf("A"), digestOf("B")] };
    return agent(name, {
      ...inBase("agent", name),
      ...registered[name],
      ...ownedBy(name),
      ...(name === "planner" ? { budgets: [sending(published)] } : {}),
      ...(childrenOf[name] === undefined ? {} : { maxChildren: childrenOf[name] }),
      issuancesPerSecond: signaturesPerSecond(name),
      state: suspended.includes(name) ? "suspended" : "active",
      selectors: [{ type: "aws-sts-web-identity", exact: { roleArn: roleOf(name) } }],
      ...(bound.includes(name) ? { code } : {}),
    });
  });
  return [...agents, ...resources(published), ...peopleRows(published), ...entailments, ...policyRows(published)];
}
