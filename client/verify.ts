/**
 * The client for resource servers: it verifies requests by key set and status list, or by asking the issuer. Nothing
 * here needs a platform's SDK.
 */
export type { DpopNonces } from "../core/jose/dpop.ts";
export type { DetailsTypeDeclaration, DetailsUse } from "../core/verify/permits.ts";
export type { VerifyRefusal, VerifyRefusalCode } from "../core/verify/refusal.ts";
export type { RefusalReply } from "../core/verify/refusal-reply.ts";
export type { ReplayOutcome, ReplayStore, UsedProof } from "../core/verify/replay.ts";
export type { VerifiedAccess } from "../core/verify/verified-access.ts";
export { LanyardError, type LanyardFailure } from "./error.ts";
export type { LanyardErrorCode } from "./error-codes.ts";
export { AccessError } from "./resource/access-error.ts";
export type { Authenticated } from "./resource/authenticated.ts";
export type { Cost } from "./resource/cost.ts";
export { createDetailsCheck, type DetailsCheck } from "./resource/details-check.ts";
export type { OpenRequest } from "./resource/open-answers.ts";
export type { PlainRequest, RawRequest } from "./resource/request.ts";
export type { Reservation } from "./resource/reservation.ts";
export {
  createResourceMetadata,
  type MetadataReply,
  type ResourceDescription,
  type ResourceMetadata,
  type ResourceMetadataInput,
} from "./resource/resource-metadata.ts";
export { createResourceNonces, type ResourceNoncesInput } from "./resource/resource-nonces.ts";
export {
  createResourceServer,
  type Operation,
  type ResourceServer,
  type ResourceServerInput,
} from "./resource/resource-server.ts";
