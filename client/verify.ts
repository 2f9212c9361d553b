/** What resource servers verify with: requests, by key set and status list or by asking. Nothing here needs a platform's SDK. */
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
export { LanyardError, type LanyardErrorCode, type LanyardFailure } from "./error.ts";
export type { OpenRequest } from "./open-answers.ts";
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
  type RawRequest,
  type Refused,
  type ResourceServer,
  type ResourceServerInput,
} from "./resource-server.ts";
