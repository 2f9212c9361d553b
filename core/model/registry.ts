import type { Assurance } from "./assurance.ts";

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
 * A rule of one registration that attested facts must satisfy. `exact` names facts that must be equal; at least one
 * anchoring fact of the evidence type is required (role ARN, function ARN, SPIFFE ID, issuer + subject).
 * `tags` may only add to it.
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
  /** The published version that is looked up when the evidence names a function. */
  readonly lambda?: { readonly version: string };
  /** The container whose image counts; every other container's image must be a release too. */
  readonly ecs?: { readonly container: string };
  /** `CodeSha256` of functions, `sha256:…` of images, measurements of enclaves; nothing else may run. */
  readonly releases: readonly string[];
}

/** Scopes at a resource. */
export interface ScopeSet {
  readonly resource: string;
  readonly scopes: readonly string[];
}

/** A registered non-human identity; a resource server is one too. */
export interface AgentRegistration {
  readonly kind: "agent";
  /** Last segment(s) of its SPIFFE ID, `spiffe://<trust-domain>/agent/<name>`. */
  readonly name: string;
  readonly state: "draft" | "active" | "suspended" | "retired";
  /** Who answers for it. */
  readonly owner: string;
  readonly sponsor: string;
  readonly description?: string;
  readonly selectors: readonly Selector[];
  readonly minimumAssurance: Assurance;
  /**
   * For documents that outlive the process and carry no challenge: another key may take one over once the key that showed
   * it last has not attested for this long. Left out: never, until the document has expired.
   */
  readonly replacesKeyAfterSeconds?: number;
  /** Which code it may run; without it any. */
  readonly code?: CodeBinding;
  /** Whose persons' tokens it may use: the client they were issued to, exactly. */
  readonly clients: readonly { readonly issuer: string; readonly clientId: string }[];
  /** The most it may ever hold, for whomever. */
  readonly may: readonly ScopeSet[];
  /** It never holds a bare scope: every grant must be restricted by at least one authorization detail. */
  readonly requiresDetails?: true;
  /** What it may delegate to itself when it acts on its own; nothing unless listed. */
  readonly lends: readonly ScopeSet[];
  /** Audiences its identity token may have beside the issuer. */
  readonly audiences: readonly string[];
  /** `log`: a refusal by policy is recorded and not enforced, for as long as an agent is being moved in. */
  readonly policyMode?: "enforce" | "log";
  readonly maxDepth?: number;
  readonly maxLifetimeSeconds?: number;
  readonly issuancesPerSecond?: number;
  /** Child sessions that a tree this agent opens may get in a quarter of an hour, its offers among them; `limits.treeChildren` when it says nothing. */
  readonly maxChildren?: number;
  /** Day (`YYYY-MM-DD`, UTC) by whose end somebody must have looked at it again; late, it is told of and goes on. */
  readonly reviewBy?: string;
  /** Days without a session after which it is told of as dormant; the stage's number when it says nothing. */
  readonly dormantAfterDays?: number;
}

/** A protected resource and who serves it. */
export interface ResourceRegistration {
  readonly kind: "resource";
  readonly name: string;
  /** Absolute URI without fragment (RFC 8707), the one `aud` of its access tokens. */
  readonly uri: string;
  /** Name of the agent that serves it. */
  readonly servedBy: string;
  /** Its scopes; a scope belongs to exactly one resource. */
  readonly scopes: readonly string[];
  readonly accessTokenLifeSeconds?: number;
  /**
   * `none`: the resource cannot check proofs, so its access tokens are bearer tokens, where the stage lets them be. Left
   * out, every token is bound to its agent's key.
   */
  readonly senderConstraint?: "dpop" | "none";
  /**
   * It asks about every request: its access tokens are opaque handles, which nobody can verify offline, so that their
   * uses can be counted.
   */
  readonly introspecting?: true;
  /** `iss_sub`: its tokens carry the raw pair as `sub_id` (RFC 9493). */
  readonly subjectIdentifier?: "iss_sub";
  /** What its access tokens are signed by: RS256 (RFC 9068 2.1), unless it says ES256 in a stage that has such a key. */
  readonly accessTokenSigningAlg?: "ES256" | "RS256";
}

/** What understanding a detail takes: what it may hold, and how each field of it is compared. */
export interface DetailsTypeDeclaration {
  readonly name: string;
  /**
   * JSON Schema (2020-12) of a detail without its `type`, in the bounded part that `details-type.ts` allows: one `type`
   * a node, `additionalProperties: false` on every object, no `$ref`, no `pattern`.
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
  /** Presented details type → the type it becomes at `to`, same fields. A type not named here is refused. */
  readonly details: Readonly<Record<string, string>>;
  /**
   * How long what is made by it may live, counted from the exchange; never beyond the presented token's session. Left out, it
   * ends with the presented token.
   */
  readonly lifetimeSeconds?: number;
}

/** What a delegation rule demands of a person's token. */
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
   * The claim must be equal to `equals`, or be a list containing it. An address or a phone number counts only where the
   * provider says in the same token that it proved it.
   */
  readonly when: ClaimCondition;
  readonly lends: readonly ScopeSet[];
}

/** An issuer whose documents are believed, for one purpose. */
export interface TrustedIssuerRegistration {
  readonly kind: "trusted-issuer";
  readonly name: string;
  /**
   * `person`: ID and access tokens of people. `aws-sts`: one account's GetWebIdentityToken issuer. `workload`: any OIDC
   * issuer of workload tokens (evidence `oidc`). `spiffe`: a federated SPIFFE trust domain, `issuer` is `spiffe://<domain>`.
   */
  readonly purpose: "person" | "aws-sts" | "workload" | "spiffe";
  readonly issuer: string;
  /** Where its keys stand; by default what its discovery document says. For `spiffe` the bundle endpoint (https_web). */
  readonly jwksUri?: string;
  /** workload, spiffe: longest `exp` − `iat` of its tokens, in seconds; an hour when it says nothing. */
  readonly maxTokenLifeSeconds?: number;
  /** workload: the audience its tokens must carry when it cannot be our issuer; sole audience all the same. */
  readonly audience?: string;
  readonly algorithms: readonly ("RS256" | "ES256" | "ES384" | "PS256")[];
  /** aws-sts: the account this issuer belongs to, and optionally its organization. */
  readonly account?: string;
  readonly organization?: string;
  /**
   * person: which groups its people may be in, for policies. Only values of `claim` that are in `names` count, as
   * `<this name>/<group>`: two issuers with a group of one name are two groups. `absent`: what a token without the claim
   * means; `refuse` when it says nothing, `none` where the provider leaves the claim out for people in no group.
   */
  readonly groups?: { readonly claim: string; readonly names: readonly string[]; readonly absent?: "refuse" | "none" };
}

/** A Cedar policy. */
export interface PolicyRegistration {
  readonly kind: "policy";
  readonly name: string;
  readonly cedar: string;
  /** `log`: its verdict is recorded and does not count. */
  readonly mode?: "enforce" | "log";
}

/** Who is told of revocations by security events (SSF, CAEP `session-revoked`), pushed over HTTPS (RFC 8935). */
export interface ReceiverRegistration {
  readonly kind: "receiver";
  readonly name: string;
  /** Where events are pushed to: https on a public name. */
  readonly endpoint: string;
  /** `aud` of its events. */
  readonly audience: string;
  /** It learns only of sessions that held a grant at one of these resources; `all` tells it of every one. */
  readonly resources: readonly string[] | "all";
  readonly events: readonly "session-revoked"[];
  /**
   * Name of the secret that is sent as `Authorization`, this receiver's alone; it stands in the parameter store under
   * `/lanyard/<stage>/receivers/<name>` as `<origin> <header>`, never here, and goes to that origin only.
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
  "policy",
];
