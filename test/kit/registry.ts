import type { AgentRegistration } from "../../core/model/agent-registration.ts";
import type { Registration } from "../../core/model/registry.ts";
import type { DetailsTypeRegistration } from "../../core/model/resource-registration.ts";
import { createSnapshot, type RegistrySnapshot } from "../../core/model/snapshot.ts";

export const trustDomain = "agents.example.com";
export const idp = "https://login.people.example";
export const otherIdp = "https://login.partner.example";
export const tickets = "https://tickets.example";
export const customers = "https://customers.example";
export const agentId = (name: string): string => `spiffe://${trustDomain}/agent/${name}`;

/** An active registration with nothing in it but what a test gives. */
export const agent = (name: string, more: Partial<AgentRegistration> = {}): AgentRegistration => ({
  kind: "agent",
  name,
  state: "active",
  owner: "team@example.com",
  sponsor: "boss@example.com",
  selectors: [],
  minimumAssurance: "document",
  clients: [],
  may: [],
  lends: [],
  audiences: [],
  ...more,
});

const ticketScopes = ["tickets:read", "tickets:write"];
const customerScopes = ["customers:read", "customers:notes"];
const everything = [
  { resource: tickets, scopes: ticketScopes },
  { resource: customers, scopes: customerScopes },
];

/** Schema and rules of a details type. */
export const declared = (
  properties: Readonly<Record<string, object>>,
  rules: DetailsTypeRegistration["rules"],
  required: readonly string[] = [],
): Pick<DetailsTypeRegistration, "schema" | "rules"> => ({
  schema: { type: "object", additionalProperties: false, properties, required },
  rules,
});

/** The registry most tests run on: planner, researcher, triage, two resource servers, two people's providers. */
export const baseRows: readonly Registration[] = [
  agent("planner", { clients: [{ issuer: idp, clientId: "planner-app" }], may: everything }),
  agent("researcher", {
    may: [
      { resource: tickets, scopes: ["tickets:read"] },
      { resource: customers, scopes: customerScopes },
    ],
    lends: [{ resource: tickets, scopes: ["tickets:read"] }],
  }),
  agent("triage", { clients: [{ issuer: idp, clientId: "triage-app" }], may: everything, maxDepth: 1 }),
  agent("ticket-api", { may: [{ resource: customers, scopes: ["customers:read"] }] }),
  agent("customer-api"),
  agent("sleeper", { state: "suspended", may: everything }),
  { kind: "resource", name: "tickets", uri: tickets, servedBy: "ticket-api", scopes: ticketScopes },
  { kind: "resource", name: "customers", uri: customers, servedBy: "customer-api", scopes: customerScopes },
  {
    kind: "details-type",
    name: "customer-record",
    resource: customers,
    ...declared(
      {
        customers: { type: "array", items: { type: "string" } },
        maxRecords: { type: "number", minimum: 0 },
        path: { type: "string" },
      },
      { customers: "one_of", maxRecords: "max", path: "path" },
      ["customers"],
    ),
  },
  {
    kind: "details-type",
    name: "ticket-customer",
    resource: tickets,
    ...declared(
      { customers: { type: "array", items: { type: "string" } }, maxRecords: { type: "number", minimum: 0 } },
      { customers: "one_of", maxRecords: "max" },
      ["customers"],
    ),
  },
  {
    kind: "details-type",
    name: "ticket-queue",
    resource: tickets,
    ...declared({ queue: { type: "array", items: { type: "string" } } }, { queue: "one_of" }, ["queue"]),
  },
  {
    kind: "entailment",
    name: "tickets-show-customers",
    agent: "ticket-api",
    from: { resource: tickets, scope: "tickets:read" },
    to: { resource: customers, scopes: ["customers:read"] },
    details: { "ticket-customer": "customer-record" },
  },
  {
    kind: "lending",
    name: "support-lends",
    issuer: idp,
    when: { claim: "groups", equals: "support" },
    lends: [
      { resource: tickets, scopes: ticketScopes },
      { resource: customers, scopes: ["customers:read"] },
    ],
  },
  { kind: "trusted-issuer", name: "people", purpose: "person", issuer: idp, algorithms: ["ES256"] },
  { kind: "trusted-issuer", name: "partners", purpose: "person", issuer: otherIdp, algorithms: ["ES256"] },
];

/** The base row of this kind and name. */
export function inBase<K extends Registration["kind"]>(kind: K, name: string): Extract<Registration, { kind: K }> {
  const found = baseRows.find((row) => row.kind === kind && row.name === name);
  if (found === undefined) throw new Error(`the base has no ${kind} ${name}`);
  return found as Extract<Registration, { kind: K }>;
}

/** Rows with others in the place of those of the same `kind` and `name`, or added. */
export const replacing = (rows: readonly Registration[], by: readonly Registration[]): readonly Registration[] => [
  ...rows.filter((row) => !by.some(({ kind, name }) => kind === row.kind && name === row.name)),
  ...by,
];

/** A snapshot of the base rows, some replaced or added. */
export const registry = (version = 1, ...more: readonly Registration[]): RegistrySnapshot =>
  createSnapshot(version, trustDomain, replacing(baseRows, more));
