/**
 * What agents and resource servers install. Evidence sources that need a platform's SDK stand in files of their own
 * (`client/evidence/`), so that whoever only verifies bundles none.
 */
export type { DpopNonces } from "../core/jose/dpop-nonce.ts";
export type { Result } from "../core/model/result.ts";
export {
  createDetailsCheck,
  type DetailsCheck,
  type DetailsTypeDeclaration,
  type DetailsUse,
} from "../core/verify/permits.ts";
export type { RefusalReply, VerifyRefusal, VerifyRefusalCode } from "../core/verify/refusal.ts";
export type { ReplayOutcome, ReplayStore, UsedProof } from "../core/verify/replay.ts";
export type { VerifiedAccess } from "../core/verify/verified-access.ts";
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
export { LanyardError, type LanyardErrorCode, type LanyardFailure } from "./error.ts";
export { EvidenceFailure } from "./evidence/platform/failure.ts";
export type { EvidenceRequest, EvidenceSource } from "./evidence/platform/source.ts";
export type { WantedGrant } from "./grant.ts";
export type { Identity } from "./identity.ts";
export type { OpenRequest } from "./open-answers.ts";
export type { ServedAt } from "./reach.ts";
export {
  createResourceMetadata,
  type MetadataReply,
  type ResourceDescription,
  type ResourceMetadata,
  type ResourceMetadataInput,
} from "./resource-metadata.ts";
export { createResourceNonces, type ResourceNoncesInput } from "./resource-nonces.ts";
export {
  type Authenticated,
  createResourceServer,
  type PlainRequest,
  type Refused,
  type ResourceServer,
  type ResourceServerInput,
} from "./resource-server.ts";
export type { AccessToken, AgentSession, HeldOffer, RevokeTarget } from "./session.ts";
export type { SessionFacts } from "./session-facts.ts";
