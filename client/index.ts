/**
 * The client for agents: identity, sessions, offers, calls. Resource servers import `verify`. Sources of evidence are
 * in `evidence/…`, so that only an agent that uses one needs its platform's SDK.
 */

export type { AccessToken } from "./agent/access-token.ts";
export {
  type AgentInput,
  createAgent,
  type Expected,
  type Introspection,
  type LanyardAgent,
  type OpenInput,
  type Settled,
} from "./agent/agent.ts";
export type { KeyPair } from "./agent/agent-key.ts";
export type { ApprovalWait, WaitingApproval } from "./agent/approval.ts";
export type { AwsSessionCredentials, WantedAwsCredentials } from "./agent/aws-credentials.ts";
export type { SessionBudget } from "./agent/budget.ts";
export type { WantedGrant } from "./agent/grant.ts";
export type { Identity } from "./agent/identity.ts";
export type { ServedAt } from "./agent/reach.ts";
export type { AgentSession, HeldOffer, RevokeTarget, Unended } from "./agent/session.ts";
export type { SessionFacts } from "./agent/session-facts.ts";
export type { AwsCredentialsProvider } from "./aws/held-credentials.ts";
export type { Endpoints } from "./endpoints.ts";
export {
  EvidenceError,
  type FailedForApproval,
  type FailedForSignIn,
  LanyardError,
  type LanyardFailure,
} from "./error.ts";
export type { LanyardErrorCode } from "./error-codes.ts";
export type { EvidenceRequest, EvidenceSource } from "./evidence/platform/source.ts";
export type { Cost } from "./resource/cost.ts";
