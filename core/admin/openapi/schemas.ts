import { canaryPlaces } from "../../model/canary.ts";
import { limits } from "../../model/limits.ts";

const text = { type: "string" };
const count = { type: "integer", minimum: 0 };
const seconds = { type: "integer", minimum: 0, description: "Seconds since the epoch" };
const list = (items: object) => ({ type: "array", items });
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const texts = list(text);

/** An object that may get more members: a client must ignore those it does not know. */
const object = (properties: Readonly<Record<string, object>>, optional: readonly string[] = []) => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});

const page = (items: string, more: Readonly<Record<string, object>> = {}, optional: readonly string[] = []) =>
  object(
    { ...more, items: list(ref(items)), next: { ...text, description: "The `cursor` of the page after this one" } },
    [...optional, "next"],
  );

const summary = {
  name: text,
  id: { ...text, description: "SPIFFE ID" },
  state: { enum: ["draft", "active", "suspended", "retired"] },
  owner: { ...text, description: "A person as `sub at issuer`, else the registered text, marked as unverified" },
  ownerPrincipal: { ...text, description: "Id of the person who owns it; none where the owner is a text" },
  ownerStanding: {
    enum: ["good", "blocked", "unconfirmed", "unverified"],
    description: "`unverified` for a text; with `blocked` and `unconfirmed` the agent gets nothing",
  },
  ownerConfirmedUntilSeconds: { ...seconds, description: "Until when the owner's last word counts, where it is asked" },
  sponsor: text,
  description: text,
  standing: object(
    { generation: count, blocked: { type: "boolean" }, quarantined: { type: "boolean" }, cutAtSeconds: seconds },
    ["cutAtSeconds"],
  ),
};

const sometimes = ["description", "ownerPrincipal", "ownerConfirmedUntilSeconds"] as const;
/** What a change has only sometimes. */
const optionalOfChange = ["details", "from"] as const;

/** Schemas of the answers. */
export const schemas = {
  Any: { type: "object" },
  Refusal: object({ error: text, error_description: text }),
  Registry: object({
    version: { ...count, description: "0 before the first apply" },
    applied: { ...count, description: "The current version: `base` of a change that is made from it" },
    deployment: object({ generation: count, blocked: { type: "boolean" } }),
    registrations: list({ type: "object" }),
  }),
  Version: object(
    {
      version: count,
      base: count,
      atMillis: count,
      by: { ...text, description: "ARN of the caller that applied it" },
      reason: text,
      digest: text,
      source: { ...text, description: "The stack whose deployment applied it" },
      added: count,
      changed: count,
      removed: count,
    },
    ["reason", "digest", "source"],
  ),
  Versions: page("Version"),
  AgentSummary: object(summary, [...sometimes]),
  Agents: page("AgentSummary", { version: count }),
  Verdict: object({ allowed: { type: "boolean" }, policies: texts, why: text, logged: { const: true } }, [
    "why",
    "logged",
  ]),
  Ability: object(
    {
      resource: text,
      scope: text,
      for: {
        oneOf: [
          object({ kind: { const: "itself" } }),
          object({ kind: { const: "agent" }, agent: text }),
          object({ kind: { const: "person" }, rule: text, group: text }, ["group"]),
        ],
      },
      needsDetails: texts,
      actions: { type: "object", additionalProperties: ref("Verdict") },
    },
    ["needsDetails"],
  ),
  Agent: object(
    {
      version: count,
      ...summary,
      registration: { type: "object" },
      serves: texts,
      getsNothingBecause: { ...texts, description: "When not empty, it gets nothing at all, whatever policies say" },
      can: list(ref("Ability")),
      lentByNobody: list(object({ resource: text, scope: text })),
      assuming: { type: "object", description: "What was assumed where a request would say it" },
      cut: { type: "boolean", description: "There are more questions than one answer asks" },
    },
    [...sometimes],
  ),
  Principal: object({
    id: text,
    kind: { enum: ["person", "agent"] },
    agents: list(object({ agent: text, sessions: count, deepest: count, scopes: texts, lastEndsAtSeconds: seconds })),
  }),
  Principals: page("Principal"),
  ToolChanges: object({ items: list(ref("ToolChange")) }),
  ToolChange: object(
    {
      ...{ id: text, resource: text, tool: text, digest: text, from: text, agent: text, group: text, needed: count },
      change: { enum: ["changed", "renamed", "new"] },
      ...{ scopes: list(text), details: { type: "object" } },
      state: { enum: ["asked", "approved", "refused"] },
      ...{ approvals: count, createdAtSeconds: seconds, expiresAtSeconds: seconds },
    },
    optionalOfChange,
  ),
  Canary: object(
    {
      watches: { type: "boolean", description: "Whether the stage has a canary" },
      newestAtSeconds: seconds,
      places: list(
        object({
          place: { enum: canaryPlaces },
          runs: count,
          p50Millis: count,
          p99Millis: count,
          maxMillis: count,
        }),
      ),
    },
    ["newestAtSeconds"],
  ),
  Leaf: object(
    {
      eventId: text,
      hash: { ...text, description: "base64url SHA-256 of its line" },
      index: { ...count, description: "Its entry in the log, once it has one" },
      object: object({ key: text, versionId: text }),
    },
    ["index", "object"],
  ),
  Session: object(
    {
      sid: text,
      root: text,
      parent: text,
      depth: count,
      agent: { ...text, description: "The current agent" },
      actors: texts,
      principal: object({ id: text, kind: { enum: ["person", "agent"] }, groups: texts }, ["groups"]),
      grants: list(ref("Grant")),
      purpose: { ...text, description: "The agent's own word" },
      assurance: text,
      build: text,
      createdAtSeconds: seconds,
      expiresAtSeconds: seconds,
      registryVersion: count,
      maxUses: count,
      live: {
        type: "boolean",
        description: "By the verdict that its requests would get: tombstones, epochs, blocks, time",
      },
      idle: { ...texts, description: "Agents of its chain that are not active: it is refused until they are" },
      why: { type: "object", properties: { kind: text, text }, required: ["kind", "text"] },
      aws: {
        ...list(ref("Given")),
        description: `What it was given at AWS, in its story and in trees; in these of ${limits.adminListedRoles} roles at most`,
      },
    },
    ["parent", "purpose", "build", "maxUses", "why", "idle", "aws"],
  ),
  Given: object(
    {
      role: { ...text, description: "Name of the registered role" },
      arn: text,
      account: text,
      accessKeyId: {
        ...text,
        description:
          "Of the newest credentials; `lanyard trace key` tells of it. What an agent took by itself is known to AWS alone",
      },
      endsAtSeconds: { ...seconds, description: "When the last of them ends or ended, at the latest" },
    },
    ["accessKeyId"],
  ),
  Grant: object(
    {
      resource: text,
      scopes: texts,
      detailTypes: { ...texts, description: "In lists: types of the details that restrict it" },
      details: { ...list({ type: "object" }), description: "In a session's own story: the details" },
    },
    ["detailTypes", "details"],
  ),
  Sessions: page(
    "Session",
    {
      cut: { ...texts, description: "With whole trees: roots of those that must be asked for separately" },
      awsCut: { ...texts, description: "With trees: roots of those that were given more at AWS than was read" },
    },
    ["cut", "awsCut"],
  ),
  Offer: object(
    {
      to: text,
      state: { enum: ["open", "redeemed", "withdrawn", "expired"] },
      by: { ...text, description: "The session it became" },
      grants: list(ref("Grant")),
      createdAtSeconds: seconds,
      expiresAtSeconds: seconds,
      maxUses: count,
      budget: { type: "object", description: "What its child, and everything below it, may spend" },
    },
    ["by", "maxUses", "budget"],
  ),
  Story: object(
    {
      session: ref("Session"),
      chain: { ...list(ref("Session")), description: "From the root to this session" },
      children: list(ref("Session")),
      descendants: count,
      offers: list(ref("Offer")),
      handles: list({ type: "object" }),
      uses: object({ max: count, left: count }),
      issuedUnder: { type: "object", additionalProperties: count },
      status: { type: "object" },
      formerStatus: list({ type: "object" }),
      lending: texts,
      opensWithPersonsToken: { type: "boolean" },
      mayEnd: object({ agents: texts, operators: text }),
      cut: { type: "boolean", description: "The tree is larger than one answer reads" },
    },
    ["uses", "lending"],
  ),
  Budget: object(
    {
      of: { enum: ["person", "agent", "policy", "session"] },
      name: text,
      agent: text,
      lending: { ...text, description: "The lending rule that gives it to each person" },
      policy: text,
      principal: text,
      session: { ...text, description: "The session that was opened with it" },
      resources: { ...texts, description: "Those it counts; all when left out" },
      shards: { ...count, description: "Rows that its limits are divided among" },
      windows: list(ref("BudgetWindow")),
    },
    ["agent", "lending", "policy", "principal", "session", "resources", "shards"],
  ),
  BudgetWindow: object(
    {
      window: { enum: ["day", "hour"] },
      renewsAtSeconds: seconds,
      calls: object({ limit: count, spent: count, left: count }),
      money: object({
        currency: text,
        limitMinor: { ...count, description: "In the currency's smallest unit, as all sums" },
        spentMinor: { ...count, description: "Settled, and what nobody settles any more" },
        reservedMinor: { ...count, description: "Reserved for calls whose cost was not settled yet" },
        leftMinor: count,
      }),
      emptied: { const: true, description: "A cost that nobody had reserved emptied it until it renews" },
    },
    ["calls", "money", "emptied"],
  ),
  Budgets: page("Budget", { version: count }),
  PersonKey: object(
    {
      held: { type: "boolean", description: "False where nothing was encrypted yet, or the person was erased" },
      key: { ...text, description: "256 bits of AES-256-GCM, base64url" },
      madeAtSeconds: seconds,
    },
    ["key", "madeAtSeconds"],
  ),
  Reached: object({ sid: text, root: text, depth: count, agent: text, principal: text, expiresAtSeconds: seconds }),
  Reach: page("Reached", {
    blocks: {
      type: ["object", "null"],
      description: "The subject that would get nothing new until an operator lifts the block",
    },
    cut: { ...texts, description: "Roots of trees that are too large for one answer" },
  }),
  Applied: object({
    version: count,
    base: count,
    difference: object({
      added: texts,
      changed: list(object({ name: text, values: list({ type: "object" }) })),
      removed: texts,
    }),
  }),
  Revoked: {
    type: "object",
    properties: {
      revoked: { type: "object" },
      lifted: { type: "object" },
      erased: { type: "object" },
      recoverableUntilSeconds: { ...seconds, description: "Until when recovery could bring an erased key back" },
      found: { type: "boolean" },
      burnt: { type: "boolean", description: "Whether a person's login was burnt with the session" },
      over: { type: "boolean", description: "The session whose login was cleared stays over" },
      blocked: { type: "boolean", description: "Whether a block is in force" },
      quarantined: { type: "boolean", description: "Whether the agent's quarantine is in force" },
    },
  },
} as const;
