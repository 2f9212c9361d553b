/**
 * What agents run: an identity, sessions, offers, calls. What resource servers verify with stands in `verify`, what an
 * agent shows where it runs in `evidence/…`: each needs its platform's SDK, if any, and nobody else does.
 */

export type { AccessToken } from "./access-token.ts";
export {
  type AgentInput,
  createAgent,
  type Expected,
  type Introspection,
  type LanyardAgent,
  type OpenInput,
} from "./agent.ts";
export type { KeyPair } from "./agent-key.ts";
export type { Endpoints } from "./endpoints.ts";
export { EvidenceError, LanyardError, type LanyardFailure } from "./error.ts";
export type { LanyardErrorCode } from "./error-codes.ts";
export type { EvidenceRequest, EvidenceSource } from "./evidence/platform/source.ts";
export type { WantedGrant } from "./grant.ts";
export type { Identity } from "./identity.ts";
export type { ServedAt } from "./reach.ts";
export type { AgentSession, HeldOffer, RevokeTarget } from "./session.ts";
export type { SessionFacts } from "./session-facts.ts";
