import * as z from "zod";
import { agentKeyAlgorithms, heldToolKinds } from "../model/agent-registration.ts";
import { assuranceLevels } from "../model/assurance.ts";
import { limits } from "../model/limits.ts";
import { ruleNames } from "../model/resource-registration.ts";
import { readableText } from "../text/readable-text.ts";
import { toolDigestForm } from "../tools/digest.ts";
import { approver } from "./approver-schema.ts";
import { awsRole } from "./aws-role-schema.ts";
import { agentName, fieldPath, name, scope, toolName, typeName, uri } from "./names.ts";

/** A fact by its attestor's name for it; for OIDC tokens `claim.` and the claim's flat name. */
const factName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}(\.[A-Za-z0-9_]{1,64}){0,4}$/, "use a fact's name, such as roleArn or claim.ref");
const text = z.string().min(1).max(512);
/**
 * A text that must be equal to one in a document. Documents with invisible characters are refused, so a text with one
 * could never match.
 */
const carried = text.regex(readableText, "holds a control or format character, and would never match");
const claimName = carried.max(100);

const scopeSet = z.strictObject({ resource: uri, scopes: z.array(scope).min(1).max(200) });

const selector = z.strictObject({
  type: z.string().min(1).max(64),
  exact: z.record(factName, text),
  tags: z.record(z.string().min(1).max(128), z.string().max(256)).exactOptional(),
});

/** A digest as the audit shows it and `revoke build` accepts it. */
const build = z.string().regex(/^[A-Za-z0-9+/=_:.-]{1,128}$/, "write the digest as the audit shows it");

const code = z
  .strictObject({
    lambda: z
      .strictObject({ version: z.string().regex(/^[1-9][0-9]{0,9}$/, "name a published version's number, in quotes") })
      .exactOptional(),
    ecs: z
      .strictObject({ container: z.string().regex(/^[A-Za-z0-9_-]{1,255}$/, "name a container of the task") })
      .exactOptional(),
    releases: z.array(build).min(1).max(200),
  })
  .refine(({ lambda, ecs }) => lambda === undefined || ecs === undefined, "an agent is a function or a task, not both");

/** `checks/agent-keys.ts` checks that it is a public key of its algorithm. */
const agentKey = z.strictObject({
  kty: z.enum(["EC", "OKP", "RSA"]),
  kid: z.string().regex(/^[A-Za-z0-9_.:=-]{1,128}$/, "use up to 128 letters, digits and '_.:=-'"),
  alg: z.enum(agentKeyAlgorithms),
  use: z.literal("sig").exactOptional(),
  crv: z.string().max(16).exactOptional(),
  x: z.string().max(1_024).exactOptional(),
  y: z.string().max(1_024).exactOptional(),
  n: z.string().max(1_024).exactOptional(),
  e: z.string().max(16).exactOptional(),
});

/** An application, as its provider names it. */
const client = z.strictObject({ issuer: uri, clientId: carried });

/** A text in the form of a person's id would pass for a person in policies. */
const owner = z.union([
  text.regex(/^(?!p_[a-z2-7]{32}$)/, "a text must not look like a person's id: name issuer and sub"),
  z.strictObject({ issuer: uri, sub: carried }),
]);

const digests = z
  .array(z.string().regex(toolDigestForm, "write a digest as `lanyard tools pin` does: sha256: and 64 hex digits"))
  .min(1)
  .max(limits.digestsOfTool);

const heldTool = z.strictObject({
  kind: z.enum(heldToolKinds),
  name: carried.max(200),
  version: carried.max(128).exactOptional(),
  resource: uri.exactOptional(),
  digests: digests.exactOptional(),
});
/** The most in each span of UTC. */
const most = z.int().min(1).max(limits.budgetMost).exactOptional();

const budget = z
  .strictObject({
    name,
    resources: z.array(uri).min(1).max(50).exactOptional(),
    calls: z.strictObject({ hour: most, day: most }).exactOptional(),
    money: z
      .strictObject({
        currency: z.string().regex(/^[A-Z]{3}$/, "write the currency's code, such as EUR"),
        hour: most,
        day: most,
      })
      .exactOptional(),
    shards: z.int().min(2).max(limits.budgetShards).exactOptional(),
  })
  .refine(
    ({ calls, money }) => [calls, money].some((each) => each?.hour !== undefined || each?.day !== undefined),
    "bounds nothing: name calls or money, for an hour or a day",
  );
const budgets = z.array(budget).min(1).max(limits.budgetsOfOne).exactOptional();

const agent = z.strictObject({
  kind: z.literal("agent"),
  name: agentName,
  state: z.enum(["draft", "active", "suspended", "retired"]),
  owner,
  ownerConfirmedDays: z.int().min(1).max(limits.ownerConfirmedDaysMax).exactOptional(),
  sponsor: text,
  description: z.string().max(2_000).exactOptional(),
  selectors: z.array(selector).max(20),
  minimumAssurance: z.enum(assuranceLevels).default("fresh"),
  replacesKeyAfterSeconds: z
    .int()
    .min(limits.keySilenceLeastSeconds)
    .max(limits.workloadTokenLifeMaxSeconds)
    .exactOptional(),
  redeem: z.literal("any-key").exactOptional(),
  code: code.exactOptional(),
  clients: z.array(client).max(20).default([]),
  keys: z.array(agentKey).min(1).max(4).exactOptional(),
  signsCards: z.literal(true).exactOptional(),
  aliases: z.array(client).min(1).max(20).exactOptional(),
  acceptsTokensOf: z
    .array(z.strictObject({ issuer: uri, clients: z.array(carried).min(1).max(50) }))
    .min(1)
    .max(10)
    .exactOptional(),
  withoutProof: z.literal(true).exactOptional(),
  lifeFromApproval: z.literal(true).exactOptional(),
  tools: z.array(heldTool).min(1).max(limits.toolsOfAgent).exactOptional(),
  may: z.array(scopeSet).max(100).default([]),
  quarantine: z
    .strictObject({
      scopes: z.array(scopeSet).min(1).max(100),
      maxLifetimeSeconds: z.int().min(1).max(limits.sessionLifeMaxSeconds).exactOptional(),
      approval: z
        .strictObject({ group: text, needed: z.int().min(1).max(limits.approversMost).exactOptional() })
        .exactOptional(),
      serves: z.literal(true).exactOptional(),
    })
    .exactOptional(),
  requiresDetails: z.literal(true).exactOptional(),
  lends: z.array(scopeSet).max(100).default([]),
  audiences: z.array(text).max(20).default([]),
  policyMode: z.enum(["enforce", "log"]).exactOptional(),
  maxDepth: z.int().min(0).max(limits.depthMax).exactOptional(),
  maxLifetimeSeconds: z.int().min(1).max(limits.sessionLifeMaxSeconds).exactOptional(),
  issuancesPerSecond: z.int().min(1).max(1_000).exactOptional(),
  maxChildren: z.int().min(1).max(limits.treeChildrenMax).exactOptional(),
  budgets,
  reviewBy: z.iso.date("write a day as YYYY-MM-DD").exactOptional(),
  dormantAfterDays: z.int().min(1).max(limits.dormantDaysMax).exactOptional(),
});

/** Where an argument of a tool stands (RFC 6901); the arguments as a whole name nothing that can be compared. */
const argument = z
  .string()
  .max(200)
  .regex(/^(\/([^~/\p{C}]|~[01])+)+$/u, "write where the argument stands, as /project or /filter/project");

const tool = z.strictObject({
  name: toolName,
  scopes: z.array(scope).min(1).max(20),
  details: z.record(typeName, z.record(fieldPath, argument)).exactOptional(),
  digests: digests.exactOptional(),
});

const resource = z.strictObject({
  kind: z.literal("resource"),
  name,
  uri,
  servedBy: agentName,
  frontedBy: z.array(agentName).min(1).max(20).exactOptional(),
  tools: z.array(tool).min(1).max(limits.toolsOfResource).exactOptional(),
  toolChanges: z
    .strictObject({ group: text, needed: z.int().min(1).max(limits.approversMost).exactOptional() })
    .exactOptional(),
  scopes: z.array(scope).min(1).max(200),
  accessTokenLifeSeconds: z.int().min(1).max(limits.sessionLifeMaxSeconds).exactOptional(),
  introspecting: z.literal(true).exactOptional(),
  senderConstraint: z.enum(["dpop", "none"]).exactOptional(),
  subjectIdentifier: z.literal("iss_sub").exactOptional(),
  accessTokenSigningAlg: z.enum(["ES256", "RS256"]).exactOptional(),
});

/** `details-type.ts` checks what is inside `schema`, and whether every field has a rule that fits. */
const detailsType = z.strictObject({
  kind: z.literal("details-type"),
  name: typeName,
  resource: uri,
  schema: z.record(z.string(), z.unknown()),
  rules: z.record(fieldPath, z.enum(ruleNames)),
  requiredFor: z.array(scope).min(1).max(200).exactOptional(),
});

const scopeMapping = z.strictObject({
  kind: z.literal("entailment"),
  name,
  agent: agentName,
  from: z.strictObject({ resource: uri, scope }),
  to: scopeSet,
  details: z.record(typeName, typeName).default({}),
  lifetimeSeconds: z.int().min(1).max(limits.sessionLifeMaxSeconds).exactOptional(),
});

const delegationRule = z.strictObject({
  kind: z.literal("lending"),
  name,
  issuer: uri,
  when: z.strictObject({
    claim: claimName,
    equals: carried,
    verifiedBy: z.enum(["email_verified", "phone_number_verified"]).exactOptional(),
  }),
  lends: z.array(scopeSet).min(1).max(100),
  budgets,
});

const trustedIssuer = z.strictObject({
  kind: z.literal("trusted-issuer"),
  name,
  purpose: z.enum(["person", "aws-sts", "workload", "spiffe"]),
  issuer: uri,
  jwksUri: uri.exactOptional(),
  audience: text.exactOptional(),
  maxTokenLifeSeconds: z.int().min(60).max(limits.workloadTokenLifeMaxSeconds).exactOptional(),
  algorithms: z
    .array(z.enum(["RS256", "ES256", "ES384", "PS256"]))
    .min(1)
    .max(4),
  account: z
    .string()
    .regex(/^\d{12}$/, "an account has 12 digits; write them in quotes")
    .exactOptional(),
  organization: z
    .string()
    .regex(/^o-[a-z0-9]{10,32}$/, "an organization id looks like o-a1b2c3d4e5")
    .exactOptional(),
  groups: z
    .strictObject({
      claim: claimName,
      names: z.array(carried.max(128)).min(1).max(500),
      absent: z.enum(["refuse", "none"]).exactOptional(),
    })
    .exactOptional(),
  identityAssertions: z.literal(true).exactOptional(),
  approvals: z.strictObject({ clients: z.array(carried).min(1).max(20) }).exactOptional(),
  events: z.strictObject({ audience: text, issuer: uri.exactOptional(), jwksUri: uri.exactOptional() }).exactOptional(),
  scim: z
    .strictObject({
      tokenSha256: z
        .array(z.string().regex(/^[A-Za-z0-9_-]{43}$/, "write the SHA-256 of the token, base64url, 43 characters"))
        .min(1)
        .max(2),
      subject: z.enum(["externalId", "userName"]).exactOptional(),
    })
    .exactOptional(),
});

const policy = z.strictObject({
  kind: z.literal("policy"),
  name,
  cedar: z.string().min(1).max(20_000),
  mode: z.enum(["enforce", "log"]).exactOptional(),
});

const receiver = z.strictObject({
  kind: z.literal("receiver"),
  name,
  endpoint: z.string().min(1).max(2_048),
  audience: z.string().regex(/^[\x21-\x7e]{1,512}$/, "must be one value, printable ASCII without blanks"),
  resources: z.union([z.literal("all"), z.array(uri).min(1).max(100)]),
  events: z.array(z.literal("session-revoked")).length(1).default(["session-revoked"]),
  authorizationSecret: name.exactOptional(),
});

/** The shape of one registration; unknown members are refused. Rules across registrations are in `validate.ts`. */
export const registrationSchema = z.discriminatedUnion("kind", [
  agent,
  resource,
  detailsType,
  scopeMapping,
  delegationRule,
  trustedIssuer,
  receiver,
  awsRole,
  approver,
  policy,
]);
