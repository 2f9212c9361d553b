import type { AgentRegistration, ScopeSet } from "./agent-registration.ts";
import type { ApproverRegistration } from "./approver.ts";
import type { AwsRoleRegistration } from "./aws-role.ts";
import type { Budget } from "./budget.ts";
import type { DetailsTypeRegistration, ResourceRegistration } from "./resource-registration.ts";

/** Everything the registry holds, as validated rows. One version is immutable; a change is a new version. */

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
  /** What each person whom it lets delegate may spend, over all agents together. */
  readonly budgets?: readonly Budget[];
}

/** An issuer whose documents are trusted, for one purpose. */
export interface TrustedIssuerRegistration {
  readonly kind: "trusted-issuer";
  readonly name: string;
  /**
   * `person`: ID and access tokens of people. `aws-sts`: one account's GetWebIdentityToken issuer. `workload`: any OIDC
   * issuer of workload tokens (evidence `oidc`). `spiffe`: a federated SPIFFE trust domain, `issuer` is
   * `spiffe://<domain>`.
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
  /**
   * person: clients by whose tokens its people say yes or no to what waits for approval. No agent may name one of them,
   * so that no agent is handed such a token (threat 58).
   */
  readonly approvals?: { readonly clients: readonly string[] };
  /** person: the transmitter whose security events about its people count. When it is left out, none do. */
  readonly events?: TrustedTransmitter;
  /** person: who may say by SCIM which of its people are no longer active. When it is left out, nobody may. */
  readonly scim?: TrustedScimClient;
}

/** A transmitter of security events (SSF 1.0) that speaks of one issuer's people, and of nobody else. */
export interface TrustedTransmitter {
  /** `aud` of the events that are meant for this deployment. */
  readonly audience: string;
  /** `iss` of its events; the issuer of the people when it is left out. */
  readonly issuer?: string;
  /** Where the keys of its events are published; required where it is another issuer. */
  readonly jwksUri?: string;
}

/** A SCIM client (RFC 7644) that says of one issuer's people, and of nobody else, who is no longer active. */
export interface TrustedScimClient {
  /** base64url SHA-256 of its tokens: one, or two while one is replaced. The tokens themselves are kept nowhere. */
  readonly tokenSha256: readonly string[];
  /** Which SCIM attribute is a person's `sub` at the issuer; `externalId` when it is left out. */
  readonly subject?: "externalId" | "userName";
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
  | ApproverRegistration
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
  "approver",
  "policy",
];
