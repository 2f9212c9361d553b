/** What resource servers verify with: requests, by key set and status list or by asking. Nothing here needs a platform's SDK. */
export type { DpopNonces } from "../core/jose/dpop.ts";
export type { DetailsTypeDeclaration, DetailsUse } from "../core/verify/permits.ts";
export type { VerifyRefusal, VerifyRefusalCode } from "../core/verify/refusal.ts";
export type { RefusalReply } from "../core/verify/refusal-reply.ts";
export type { ReplayOutcome, ReplayStore, UsedProof } from "../core/verify/replay.ts";
export type { VerifiedAccess } from "../core/verify/verified-access.ts";
export { AccessError } from "./access-error.ts";
export type { Authenticated } from "./authenticated.ts";
export { createDetailsCheck, type DetailsCheck } from "./details-check.ts";
export { LanyardError, type LanyardFailure } from "./error.ts";
export type { LanyardErrorCode } from "./error-codes.ts";
export type { OpenRequest } from "./open-answers.ts";
export type { PlainRequest, RawRequest } from "./request.ts";
export {
  createResourceMetadata,
  type MetadataReply,
  type ResourceDescription,
  type ResourceMetadata,
  type ResourceMetadataInput,
} from "./resource-metadata.ts";
export { createResourceNonces, type ResourceNoncesInput } from "./resource-nonces.ts";
export { createResourceServer, type ResourceServer, type ResourceServerInput } from "./resource-server.ts";
