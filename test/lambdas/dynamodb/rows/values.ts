import { fc } from "@fast-check/vitest";
import { assuranceLevels } from "../../../../core/model/assurance.ts";
import type { Login } from "../../../../core/model/login.ts";
import type { Registration } from "../../../../core/model/registry.ts";
import type { AccessHandle, Grant, Offer, Session, Uses } from "../../../../core/model/session.ts";
import type { CardKeys } from "../../../../core/registry/published.ts";
import type { AppliedVersion } from "../../../../core/registry/store.ts";
import type { StopLedger } from "../../../../core/stop/stops.ts";
import { agent } from "../../../kit/registry.ts";
import { budgetBounds, sessionBudgets } from "./budget-values.ts";

/** What rows hold, made up. */

export const text = fc.string({ minLength: 1, maxLength: 12 });
export const free = fc.string({ maxLength: 12 });
export const whole = fc.nat(2_000_000_000);
export const texts = fc.array(text, { maxLength: 3 });
const epochs = fc.dictionary(text, whole, { maxKeys: 3, noNullPrototype: true });

const detail = fc
  .record({ type: text, more: fc.jsonValue() })
  .map(({ type, more }) => ({ type, ...(JSON.parse(JSON.stringify({ more })) as object) }));
export const grant: fc.Arbitrary<Grant> = fc.record({
  resource: text,
  scopes: texts,
  details: fc.array(detail, { maxLength: 2 }),
});
const uses: fc.Arbitrary<Uses> = fc.record({ max: whole, countedAt: texts });
const login = fc.record(
  { at: text, sid: text, document: text, any: text },
  { requiredKeys: ["document", "any"] },
) as fc.Arbitrary<Login>;
const place = fc.record({ list: text, idx: whole });

const sessionNeeds = [
  "root",
  "sid",
  "anc",
  "depth",
  "principal",
  "actors",
  "grants",
  "assurance",
  "createdAtSeconds",
  "expiresAtSeconds",
  "epochs",
  "registryVersion",
  "status",
] as const;

/** Columns that a session's row may lack. */
export const sessionMayLack = [
  ...["jkt", "build", "owner", "purpose", "tools", "formerStatus", "uses", "budgets"],
  ...["lending", "meanings", "via", "lastEndSeconds", "login", "ended"],
];

export const session = fc.record(
  {
    root: text,
    sid: text,
    anc: texts,
    depth: whole,
    principal: fc.record(
      {
        id: text,
        kind: fc.constantFrom("person", "agent"),
        subId: fc.record({ iss: text, sub: text }),
        groups: texts,
      },
      { requiredKeys: ["id", "kind"] },
    ),
    actors: fc.array(text, { minLength: 1, maxLength: 3 }),
    grants: fc.array(grant, { maxLength: 2 }),
    jkt: text,
    assurance: fc.constantFrom(...assuranceLevels),
    build: text,
    owner: text,
    purpose: free,
    tools: texts,
    createdAtSeconds: whole,
    expiresAtSeconds: whole,
    epochs,
    registryVersion: whole,
    status: place,
    formerStatus: fc.array(fc.record({ list: text, idx: whole, untilSeconds: whole }), { maxLength: 2 }),
    uses,
    budgets: sessionBudgets,
    delegationRules: texts,
    meanings: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }),
    via: fc.oneof(fc.record({ kind: fc.constant("offer") }), fc.record({ kind: fc.constant("hop"), presented: grant })),
    lastEndSeconds: whole,
    login,
    ended: fc.boolean(),
  },
  { requiredKeys: [...sessionNeeds] },
) as fc.Arbitrary<Session>;

export const offer = fc.record(
  {
    root: text,
    handleHash: text,
    from: session,
    to: text,
    grants: fc.array(grant, { maxLength: 2 }),
    usesAbove: uses,
    maxUses: whole,
    budget: budgetBounds,
    createdAtSeconds: whole,
    expiresAtSeconds: whole,
    redeemed: fc.record({ sid: text, jkt: text }),
  },
  { requiredKeys: ["root", "handleHash", "from", "to", "grants", "createdAtSeconds", "expiresAtSeconds"] },
) as fc.Arbitrary<Offer>;

export const handle = fc.record(
  {
    root: text,
    handleHash: text,
    claims: fc.dictionary(text, fc.jsonValue(), { maxKeys: 3, noNullPrototype: true }).map(asJson),
    uses,
    expiresAtSeconds: whole,
  },
  { requiredKeys: ["root", "handleHash", "claims", "expiresAtSeconds"] },
) as fc.Arbitrary<AccessHandle>;

function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

const awsGrant = {
  scope: "crm:read",
  actions: ["s3:GetObject"],
  kmsKeys: ["arn:aws:kms:eu-west-1:111122223333:key/k"],
};
const s3 = { ...awsGrant, service: "s3", where: { bucket: "b", prefix: "p/" } } as const;
const dynamoDb = {
  ...awsGrant,
  service: "dynamodb",
  where: { table: "arn:aws:dynamodb:eu-west-1:111122223333:table/t" },
} as const;

export const registration: fc.Arbitrary<Registration> = fc.oneof(
  fc.record({ name: text, agents: texts }).map(
    ({ name, agents }): Registration => ({
      kind: "aws-role",
      name,
      arn: "arn:aws:iam::111122223333:role/r",
      agents,
      resource: "crm",
      grants: [
        { ...s3, details: [{ type: "a", field: "b", as: "folder" }] },
        { ...dynamoDb, details: [{ type: "a", field: "b" }] },
      ],
      exclusive: true,
    }),
  ),
  fc.record({ name: text, maxDepth: whole }).map(({ name, maxDepth }) => agent(name, { maxDepth })),
  text.map(
    (name): Registration => ({ kind: "policy", name, cedar: "permit(principal, action, resource);", mode: "log" }),
  ),
  fc.record({ name: text, uri: text }).map(
    ({ name, uri }): Registration => ({
      kind: "resource",
      name,
      uri,
      servedBy: "crm",
      scopes: ["crm:read"],
      introspecting: true,
      frontedBy: ["gateway"],
      toolChanges: { group: "corp/tools", needed: 2 },
      tools: [{ name: "find", scopes: ["crm:read"], details: { customer: { id: "/id" } } }],
    }),
  ),
  fc.record({ name: text, equals: free }).map(
    ({ name, equals }): Registration => ({
      kind: "lending",
      name,
      issuer: "idp",
      when: { claim: "team", equals },
      lends: [{ resource: "crm", scopes: ["crm:read"] }],
    }),
  ),
  text.map(
    (name): Registration => ({
      kind: "trusted-issuer",
      name,
      purpose: "person",
      issuer: "https://idp.example",
      algorithms: ["RS256"],
      groups: { claim: "groups", names: ["a"], absent: "none" },
      approvals: { clients: ["approvals"] },
    }),
  ),
  text.map(
    (name): Registration => ({
      kind: "entailment",
      name,
      agent: "crm",
      from: { resource: "crm", scope: "crm:read" },
      to: { resource: "bank", scopes: ["bank:read"] },
      details: { a: "b" },
      lifetimeSeconds: 60,
    }),
  ),
  text.map(
    (name): Registration => ({
      kind: "details-type",
      name,
      resource: "crm",
      schema: { type: "object" },
      rules: { limit: "max" },
    }),
  ),
  fc.record({ name: text, sub: free }).map(
    ({ name, sub }): Registration => ({
      kind: "approver",
      name,
      person: { issuer: "https://idp.example", sub: `s${sub}` },
      iam: { uniqueId: "AROAEXAMPLEEXAMPLE", session: "ada" },
      groups: ["corp/deployers"],
    }),
  ),
  fc.record({ name: text, resources: fc.oneof(fc.constant("all" as const), texts) }).map(
    ({ name, resources }): Registration => ({
      kind: "receiver",
      name,
      endpoint: "https://r.example/",
      audience: "r",
      resources,
      events: ["session-revoked"],
    }),
  ),
);

export const applied = fc.record(
  {
    version: whole,
    base: whole,
    atMillis: whole,
    by: text,
    reason: free,
    digest: text,
    source: text,
    formerTypes: fc.array(fc.record({ name: text, meaning: text, untilMillis: whole }), { maxLength: 2 }),
    added: whole,
    changed: whole,
    removed: whole,
  },
  { requiredKeys: ["version", "base", "atMillis", "by", "digest", "added", "changed", "removed"] },
) as fc.Arbitrary<AppliedVersion>;

export const algorithm = fc.constantFrom("ES256" as const, "RS256" as const);
export const purpose = fc.constantFrom("identity" as const, "session" as const, "status" as const, "events" as const);

/** Whose AWS credentials are stopped. */
export const stops = fc.record(
  {
    version: whole,
    stops: fc.array(
      fc.oneof(
        fc.record(
          {
            kind: fc.constant("listed" as const),
            ...{ account: text, root: text, sid: text, agents: fc.array(text) },
            ...{ atSeconds: whole, untilSeconds: whole },
          },
          { requiredKeys: ["kind", "account", "root", "atSeconds", "untilSeconds"] },
        ),
        fc.record({
          kind: fc.constantFrom("agent" as const, "principal" as const, "deployment" as const),
          ...{ id: fc.string(), beforeSeconds: whole, untilSeconds: whole },
        }),
      ),
    ),
    overflowUntilSeconds: whole,
  },
  { requiredKeys: ["version", "stops"] },
) as fc.Arbitrary<StopLedger>;

/** Published keys, by agent. */
export const cardKeys = fc.dictionary(
  text,
  fc.array(
    fc.record(
      { kty: fc.constant("EC" as const), kid: text, alg: fc.constant("ES256" as const), crv: text, x: text, y: text },
      { requiredKeys: ["kty", "kid", "alg"] },
    ),
    { maxLength: 3 },
  ),
  { maxKeys: 3, noNullPrototype: true },
) as fc.Arbitrary<CardKeys>;
