import { fc } from "@fast-check/vitest";
import { assuranceLevels } from "../../../../core/model/assurance.ts";
import type { Login } from "../../../../core/model/login.ts";
import type { Registration } from "../../../../core/model/registry.ts";
import type { AccessHandle, Grant, Offer, Session, Uses } from "../../../../core/model/session.ts";
import type { AppliedVersion } from "../../../../core/registry/store.ts";
import { baselineItem, baselineOf } from "../../../../lambdas/aws/dynamodb/baseline-rows.ts";
import type { Item } from "../../../../lambdas/aws/dynamodb/codec.ts";
import { openItem, openOf, signedItem, signedOf } from "../../../../lambdas/aws/dynamodb/lists/signed-rows.ts";
import { historyItem, historyOf } from "../../../../lambdas/aws/dynamodb/registry/history-rows.ts";
import { publishedItem, publishedOf } from "../../../../lambdas/aws/dynamodb/registry/published-types.ts";
import { registrationItem, registrationOf } from "../../../../lambdas/aws/dynamodb/registry/registration-rows.ts";
import { orderItem, orderOf, ringItem, ringOf } from "../../../../lambdas/aws/dynamodb/ring-rows.ts";
import { handleItem, handleOf } from "../../../../lambdas/aws/dynamodb/sessions/handle-rows.ts";
import { offerItem, offerOf } from "../../../../lambdas/aws/dynamodb/sessions/offer-rows.ts";
import { sessionItem, sessionOf } from "../../../../lambdas/aws/dynamodb/sessions/session-rows.ts";
import { lookedItem, lookedOf, traceItem, traceOf } from "../../../../lambdas/aws/dynamodb/trace-rows.ts";
import { agent } from "../../../kit/registry.ts";

/** One kind of rows: what it holds, how that is written, and which of its columns may be missing. */
export interface Kind<T = unknown> {
  readonly name: string;
  readonly table: string;
  readonly key: string;
  readonly values: fc.Arbitrary<T>;
  readonly encode: (value: T) => Item;
  readonly decode: (item: Item) => T;
  readonly optional: readonly string[];
}

const kind = <T>(one: Kind<T>): Kind => one as unknown as Kind;

const text = fc.string({ minLength: 1, maxLength: 12 });
const free = fc.string({ maxLength: 12 });
const whole = fc.nat(2_000_000_000);
const texts = fc.array(text, { maxLength: 3 });
const epochs = fc.dictionary(text, whole, { maxKeys: 3, noNullPrototype: true });

const detail = fc
  .record({ type: text, more: fc.jsonValue() })
  .map(({ type, more }) => ({ type, ...(JSON.parse(JSON.stringify({ more })) as object) }));
const grant: fc.Arbitrary<Grant> = fc.record({
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
  "jkt",
  "assurance",
  "createdAtSeconds",
  "expiresAtSeconds",
  "generations",
  "registryVersion",
  "status",
] as const;

const session = fc.record(
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
    purpose: free,
    createdAtSeconds: whole,
    expiresAtSeconds: whole,
    generations: epochs,
    registryVersion: whole,
    status: place,
    formerStatus: fc.array(fc.record({ list: text, idx: whole, untilSeconds: whole }), { maxLength: 2 }),
    uses,
    lending: texts,
    meanings: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }),
    via: fc.oneof(fc.record({ kind: fc.constant("offer") }), fc.record({ kind: fc.constant("hop"), presented: grant })),
    lastEndSeconds: whole,
    login,
    ended: fc.boolean(),
  },
  { requiredKeys: [...sessionNeeds] },
) as fc.Arbitrary<Session>;

const offer = fc.record(
  {
    root: text,
    handleHash: text,
    from: session,
    to: text,
    grants: fc.array(grant, { maxLength: 2 }),
    usesAbove: uses,
    maxUses: whole,
    createdAtSeconds: whole,
    expiresAtSeconds: whole,
    redeemed: fc.record({ sid: text, jkt: text }),
  },
  { requiredKeys: ["root", "handleHash", "from", "to", "grants", "createdAtSeconds", "expiresAtSeconds"] },
) as fc.Arbitrary<Offer>;

const handle = fc.record(
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

const registration: fc.Arbitrary<Registration> = fc.oneof(
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

const applied = fc.record(
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

const algorithm = fc.constantFrom("ES256" as const, "RS256" as const);
const purpose = fc.constantFrom("identity" as const, "session" as const, "status" as const, "events" as const);

/** Every kind that is written and read as a whole row. */
export const kinds: readonly Kind[] = [
  kind({
    name: "session",
    table: "sessions",
    key: "root",
    values: session,
    encode: sessionItem,
    decode: sessionOf,
    optional: [
      "build",
      "purpose",
      "formerStatus",
      "uses",
      "lending",
      "meanings",
      "via",
      "lastEndSeconds",
      "login",
      "ended",
    ],
  }),
  kind({
    name: "offer",
    table: "sessions",
    key: "root",
    values: offer,
    encode: offerItem,
    decode: offerOf,
    optional: ["usesAbove", "maxUses", "redeemed"],
  }),
  kind({
    name: "handle",
    table: "sessions",
    key: "root",
    values: handle,
    encode: handleItem,
    decode: handleOf,
    optional: ["uses"],
  }),
  kind({
    name: "signed list",
    table: "lists",
    key: "list",
    values: fc.record({ token: text, revokedCount: whole, untilSeconds: whole }),
    encode: (signed) => signedItem("2026080100-0", signed, 1),
    decode: signedOf,
    optional: [],
  }),
  kind({
    name: "open lists",
    table: "lists",
    key: "list",
    values: texts,
    encode: openItem,
    decode: openOf,
    optional: [],
  }),
  kind({
    name: "registration",
    table: "registry",
    key: "kind",
    values: registration,
    encode: (one) => registrationItem(7, one),
    decode: registrationOf,
    optional: [],
  }),
  kind({
    name: "applied version",
    table: "registry",
    key: "kind",
    values: applied,
    encode: historyItem,
    decode: historyOf,
    optional: ["reason", "source", "formerTypes"],
  }),
  kind({
    name: "published names",
    table: "registry",
    key: "kind",
    values: texts,
    encode: publishedItem,
    decode: publishedOf,
    optional: [],
  }),
  kind({
    name: "trace",
    table: "traces",
    key: "kind",
    values: fc.record(
      {
        name: text,
        revision: whole,
        seenAtSeconds: whole,
        toldDormant: fc.constant(true as const),
        toldReviewBy: text,
      },
      { requiredKeys: ["name", "revision", "seenAtSeconds"] },
    ),
    encode: traceItem,
    decode: traceOf,
    optional: ["toldDormant", "toldReviewBy"],
  }),
  kind({
    name: "last look",
    table: "traces",
    key: "kind",
    values: whole,
    encode: lookedItem,
    decode: lookedOf,
    optional: [],
  }),
  kind({
    name: "deployed function",
    table: "traces",
    key: "kind",
    values: fc.record(
      {
        name: text,
        revision: whole,
        known: fc.array(fc.record({ codeSha256: text, roleArn: text, settings: text, mark: text, atSeconds: whole }), {
          maxLength: 2,
        }),
        drift: fc.record({ sinceSeconds: whole, mark: text, told: text }, { requiredKeys: ["sinceSeconds", "mark"] }),
      },
      { requiredKeys: ["name", "revision", "known"] },
    ),
    encode: baselineItem,
    decode: baselineOf,
    optional: ["drift"],
  }),
  kind({
    name: "ring",
    table: "keyring",
    key: "ring",
    values: fc.record(
      {
        purpose,
        version: whole,
        keys: fc.array(
          fc.record(
            {
              kid: text,
              keyArn: text,
              alg: algorithm,
              state: fc.constantFrom("published" as const, "active" as const, "distrusted" as const),
              createdAtSeconds: whole,
              publishedAtSeconds: whole,
              retiredAtSeconds: whole,
            },
            { requiredKeys: ["kid", "keyArn", "alg", "state", "createdAtSeconds"] },
          ),
          { maxLength: 2 },
        ),
        intents: fc.array(fc.record({ id: text, alg: algorithm, sinceSeconds: whole }), { maxLength: 1 }),
        switching: fc.array(algorithm, { maxLength: 1 }),
        handledOrder: text,
        refusedOrder: text,
      },
      { requiredKeys: ["purpose", "version", "keys", "intents", "switching"] },
    ),
    encode: ringItem,
    decode: ringOf,
    optional: ["handledOrder", "refusedOrder"],
  }),
  kind({
    name: "order",
    table: "orders",
    key: "ring",
    values: fc.record(
      {
        id: text,
        purpose,
        kind: fc.constantFrom("rotate" as const, "emergency" as const),
        kid: text,
        reason: free,
        operator: fc.record({ arn: text, uniqueId: text }),
        atSeconds: whole,
      },
      { requiredKeys: ["id", "purpose", "kind", "reason", "operator", "atSeconds"] },
    ),
    encode: orderItem,
    decode: orderOf,
    optional: [],
  }),
];
