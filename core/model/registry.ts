import type { Assurance } from "./assurance.ts";
import type { AwsRoleRegistration } from "./aws-role.ts";

/** Every rule by which a field of a details type can be compared, as registrations write it. */
export const ruleNames = [
  "one_of",
  "not",
  "exact",
  "max",
  "min",
  "range",
  "before",
  "after",
  "prefix",
  "path",
  "url",
] as const;

/** Name of a rule. */
export type RuleName = (typeof ruleNames)[number];

/** Everything the registry holds, as validated rows. One version is immutable; a change is a new version. */

/**
 * A rule of one registration that attested facts must satisfy. `exact` names facts that must be equal. It must include
 * one that identifies the workload: role ARN, function ARN, SPIFFE ID, or issuer and subject. `tags` can only narrow
 * the rule further.
 */
export interface Selector {
  readonly type: string;
  readonly exact: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * Where the digest of an agent's code comes from, and which digests are releases. With neither `lambda` nor `ecs` the
 * evidence itself must measure the code.
 */
export interface CodeBinding {
  /** The published version whose code is looked up when the evidence names a function. */
  readonly lambda?: { readonly version: string };
  /** The container whose image is taken for the build; the image of every other container must be a release too. */
  readonly ecs?: { readonly container: string };
  /** `CodeSha256` of functions, `sha256:…` of images, measurements of enclaves; nothing else may run. */
  readonly releases: readonly string[];
}

/** Scopes at a resource. */
export interface ScopeSet {
  readonly resource: string;
  readonly scopes: readonly string[];
}

/** Algorithms that a registered key may sign by. */
export const agentKeyAlgorithms = ["ES256", "ES384", "RS256", "PS256", "Ed25519", "EdDSA"] as const;

/**
 * A public key of an agent (RFC 7517), for exactly one algorithm: it authenticates by it (`private_key_jwt`) and signs
 * its agent cards with it. No two agents may have one key.
 */
export interface AgentKey {
  readonly kty: "EC" | "OKP" | "RSA";
  readonly kid: string;
  readonly alg: (typeof agentKeyAlgorithms)[number];
  readonly use?: "sig";
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

/** A registered non-human identity; a resource server is one too. */
export interface AgentRegistration {
  readonly kind: "agent";
  /** Last segment(s) of its SPIFFE ID, `spiffe://<trust-domain>/agent/<name>`. */
  readonly name: string;
  readonly state: "draft" | "active" | "suspended" | "retired";
  /** The person or team that is responsible for it. */
  readonly owner: string;
  readonly sponsor: string;
  readonly description?: string;
  readonly selectors: readonly Selector[];
  readonly minimumAssurance: Assurance;
  /**
   * For documents that outlive the process and carry no challenge: another key may take a document over when the key
   * that showed it last has not attested for this long. When it is left out, another key must wait until the document
   * has expired.
   */
  readonly replacesKeyAfterSeconds?: number;
  /**
   * Whether an offer that it has redeemed may be redeemed again by another key of it, which takes the session over: for
   * queues that deliver again, to another process. When it is left out, another key is refused as a thief's.
   */
  readonly redeem?: "any-key";
  /** The code it may run; any code when it is left out. */
  readonly code?: CodeBinding;
  /** The clients whose persons' tokens it may use. A token must be issued to exactly such a client. */
  readonly clients: readonly { readonly issuer: string; readonly clientId: string }[];
  /** Its public keys. With none it can only authenticate by what it attests. */
  readonly keys?: readonly AgentKey[];
  /**
   * It signs A2A agent cards with its keys, so that the issuer publishes them, for everybody. Left out, nobody outside is
   * told of them.
   */
  readonly signsCards?: true;
  /**
   * Its client id at THIS deployment, as an issuer of identity assertions (ID-JAG) knows it: `client_id` of its
   * assertions, and a name it may authenticate by with its keys.
   */
  readonly aliases?: readonly { readonly issuer: string; readonly clientId: string }[];
  /**
   * Persons' access tokens for what this agent serves, issued to other applications (MCP hosts) by the customer's own
   * provider, that it may exchange to go on for the person.
   */
  readonly acceptsTokensOf?: readonly { readonly issuer: string; readonly clients: readonly string[] }[];
  /**
   * It may call without a DPoP proof. It gets bearer tokens of two minutes then, where the resource and the stage allow
   * them too, and nothing else: no session token, offer, renewal or next hop.
   */
  readonly withoutProof?: true;
  /** The most it may ever hold, for any principal. */
  readonly may: readonly ScopeSet[];
  /** Every grant it holds must be restricted by at least one authorization detail. */
  readonly requiresDetails?: true;
  /** What it may delegate to itself when it acts on its own account; nothing when the list is empty. */
  readonly lends: readonly ScopeSet[];
  /** Audiences its identity token may have beside the issuer. */
  readonly audiences: readonly string[];
  /**
   * `log`: a refusal by policy is recorded and not enforced. It is meant for the time in which an agent is migrated to
   * Lanyard.
   */
  readonly policyMode?: "enforce" | "log";
  readonly maxDepth?: number;
  readonly maxLifetimeSeconds?: number;
  readonly issuancesPerSecond?: number;
  /**
   * Child sessions that a tree this agent opens may get in a quarter of an hour, its offers among them;
   * `limits.treeChildren` when it is left out.
   */
  readonly maxChildren?: number;
  /**
   * Day (`YYYY-MM-DD`, UTC) by whose end somebody must have reviewed it. After that day it is reported as overdue, and
   * it works on.
   */
  readonly reviewBy?: string;
  /** Days without a session after which it is reported as dormant; the stage's setting when it is left out. */
  readonly dormantAfterDays?: number;
}

/**
 * A tool of a resource, as MCP knows it: what a call of it needs, and where its arguments name what details restrict.
 * The decision point and the MCP helper read the same declaration.
 */
export interface ToolDeclaration {
  /** Compared exactly; no two tools of a resource differ in case alone. */
  readonly name: string;
  /** Scopes of the resource, all of which a call needs. */
  readonly scopes: readonly string[];
  /**
   * Details type of the resource → its field → where an argument names the value, as a JSON Pointer into the arguments
   * (RFC 6901). A session that such a detail restricts may not call a tool that names nothing here.
   */
  readonly details?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A protected resource and who serves it. */
export interface ResourceRegistration {
  readonly kind: "resource";
  readonly name: string;
  /** Absolute URI without fragment (RFC 8707), the one `aud` of its access tokens. */
  readonly uri: string;
  /** Name of the agent that serves it. */
  readonly servedBy: string;
  /**
   * Names of the agents, gateways, that stand before it: they may ask the decision point about sessions that hold
   * something here, as its server may. They may neither introspect its tokens nor go on from them.
   */
  readonly frontedBy?: readonly string[];
  /** Its tools, for which decisions may be asked; a tool that is not here is refused. */
  readonly tools?: readonly ToolDeclaration[];
  /** Its scopes; a scope belongs to exactly one resource. */
  readonly scopes: readonly string[];
  readonly accessTokenLifeSeconds?: number;
  /**
   * `none`: the resource cannot check proofs, so its access tokens are bearer tokens, where the stage allows them. When
   * it is left out, every token is bound to its agent's key.
   */
  readonly senderConstraint?: "dpop" | "none";
  /**
   * The resource asks `introspect` about every request. Its access tokens are opaque handles that nobody can verify
   * offline, so that their uses can be counted (threat 24).
   */
  readonly introspecting?: true;
  /** `iss_sub`: its tokens carry the raw pair as `sub_id` (RFC 9493). */
  readonly subjectIdentifier?: "iss_sub";
  /**
   * The algorithm that signs its access tokens: RS256 (RFC 9068 2.1), or ES256 where this says so and the stage has
   * such a key.
   */
  readonly accessTokenSigningAlg?: "ES256" | "RS256";
}

/** What it takes to understand a detail: what it may hold, and how each of its fields is compared. */
export interface DetailsTypeDeclaration {
  readonly name: string;
  /**
   * JSON Schema (2020-12) of a detail without its `type`, in the bounded part that `details-type.ts` allows: exactly
   * one `type` in each node, `additionalProperties: false` on every object, no `$ref`, no `pattern`.
   */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Field, or dotted path of a nested one → the rule by which a value of it is narrower than another. */
  readonly rules: Readonly<Record<string, RuleName>>;
}

/** A type of authorization detail (RFC 9396) that restricts one resource. */
export interface DetailsTypeRegistration extends DetailsTypeDeclaration {
  readonly kind: "details-type";
  readonly resource: string;
  /** Scopes of the resource that are granted only with a detail of this type. */
  readonly requiredFor?: readonly string[];
}

/** Scope mapping: what a token for one resource gives downstream, to the agent that serves that resource. */
export interface ScopeMappingRegistration {
  readonly kind: "entailment";
  readonly name: string;
  readonly agent: string;
  readonly from: { readonly resource: string; readonly scope: string };
  readonly to: ScopeSet;
  /**
   * Details type of the presented token → the type it becomes at `to`, with the same fields. A type that is not named
   * here is refused (threat 7).
   */
  readonly details: Readonly<Record<string, string>>;
  /**
   * How long a session made by this mapping may live, in seconds from the exchange; it never outlives the presented
   * token's session. When it is left out, the session ends with the presented token (threat 35).
   */
  readonly lifetimeSeconds?: number;
}

/** What a delegation rule requires of a person's token. */
export interface ClaimCondition {
  readonly claim: string;
  readonly equals: string;
  /** The claim that must be `true` beside it. */
  readonly verifiedBy?: "email_verified" | "phone_number_verified";
}

/** Delegation rule: what a person may delegate, from a claim of a trusted issuer's token to scopes. */
export interface DelegationRuleRegistration {
  readonly kind: "lending";
  readonly name: string;
  readonly issuer: string;
  /**
   * The claim must be equal to `equals`, or be a list that contains it. An address or a phone number counts only where
   * the same token says that the provider verified it (threat 37).
   */
  readonly when: ClaimCondition;
  readonly lends: readonly ScopeSet[];
}

/** An issuer whose documents are trusted, for one purpose. */
export interface TrustedIssuerRegistration {
  readonly kind: "trusted-issuer";
  readonly name: string;
  /**
   * `person`: ID and access tokens of people. `aws-sts`: one account's GetWebIdentityToken issuer. `workload`: any OIDC
   * issuer of workload tokens (evidence `oidc`). `spiffe`: a federated SPIFFE trust domain, `issuer` is `spiffe://<domain>`.
   */
  readonly purpose: "person" | "aws-sts" | "workload" | "spiffe";
  readonly issuer: string;
  /**
   * Where its keys are published; by default the address in its discovery document. For `spiffe` the bundle endpoint
   * (https_web).
   */
  readonly jwksUri?: string;
  /** workload, spiffe: longest `exp` − `iat` of its tokens, in seconds; an hour when it is left out. */
  readonly maxTokenLifeSeconds?: number;
  /** workload: the audience its tokens must carry when that cannot be our issuer; it must still be the only one. */
  readonly audience?: string;
  readonly algorithms: readonly ("RS256" | "ES256" | "ES384" | "PS256")[];
  /** aws-sts: the account this issuer belongs to, and optionally its organization. */
  readonly account?: string;
  readonly organization?: string;
  /**
   * person: which groups its people may be in, for policies. Only values of `claim` that are in `names` count, as
   * `<this name>/<group>`, so that groups of one name at two issuers stay two groups. `absent` says what a token
   * without the claim means: `refuse` when it is left out; `none` where the provider omits the claim for people who are
   * in no group (threat 39).
   */
  readonly groups?: { readonly claim: string; readonly names: readonly string[]; readonly absent?: "refuse" | "none" };
  /**
   * person: its identity assertions (ID-JAG) count as the person's authority. When it is left out, none does.
   */
  readonly identityAssertions?: true;
}

/** A Cedar policy. */
export interface PolicyRegistration {
  readonly kind: "policy";
  readonly name: string;
  readonly cedar: string;
  /** `log`: its verdict is recorded and not enforced. */
  readonly mode?: "enforce" | "log";
}

/**
 * Somebody who is told of revocations by security events (SSF, CAEP `session-revoked`), pushed over HTTPS (RFC 8935).
 */
export interface ReceiverRegistration {
  readonly kind: "receiver";
  readonly name: string;
  /** Where events are pushed to: an https URL with a public host name. */
  readonly endpoint: string;
  /** `aud` of its events. */
  readonly audience: string;
  /** It is told only of sessions that held a grant at one of these resources; `all` tells it of every session. */
  readonly resources: readonly string[] | "all";
  readonly events: readonly "session-revoked"[];
  /**
   * Name of the secret that is sent as `Authorization`; no other receiver may use it (threat 46). The parameter store
   * keeps it under `/lanyard/<stage>/receivers/<name>` as `<origin> <header>`; the registry never holds it, and it is
   * sent to that origin alone.
   */
  readonly authorizationSecret?: string;
}

/** Any row of the registry. */
export type Registration =
  | AgentRegistration
  | ResourceRegistration
  | DetailsTypeRegistration
  | ScopeMappingRegistration
  | DelegationRuleRegistration
  | TrustedIssuerRegistration
  | ReceiverRegistration
  | AwsRoleRegistration
  | PolicyRegistration;

/** The kinds, in the order in which they are read and written. */
export const registrationKinds: readonly Registration["kind"][] = [
  "agent",
  "resource",
  "details-type",
  "entailment",
  "lending",
  "trusted-issuer",
  "receiver",
  "aws-role",
  "policy",
];
