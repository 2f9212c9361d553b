/** Errors in each protocol: which code a bad signature has, and how a refusal is written. */

import { iamNamespace } from "../iam/api/service.ts";
import type { SignatureFault } from "../iam/caller.ts";
import { errorXml } from "../query.ts";
import { s3Error } from "../s3/errors.ts";
import type { WireAnswer } from "../service.ts";
import { snsNamespace } from "../sns/service.ts";
import { stsNamespace } from "../sts/service.ts";

/** A refusal on its way to the caller. */
interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Members beside them. */
  readonly more?: object;
}

const ofQuery = {
  UnrecognizedClientException: "InvalidClientTokenId",
  MissingAuthenticationTokenException: "MissingAuthenticationToken",
  InvalidSignatureException: "SignatureDoesNotMatch",
  IncompleteSignatureException: "IncompleteSignature",
  ExpiredTokenException: "ExpiredToken",
} as const;

const ofS3 = {
  UnrecognizedClientException: "InvalidAccessKeyId",
  MissingAuthenticationTokenException: "AccessDenied",
  InvalidSignatureException: "SignatureDoesNotMatch",
  IncompleteSignatureException: "AuthorizationHeaderMalformed",
  ExpiredTokenException: "ExpiredToken",
} as const;

/** A bad signature's refusal in a service's words. */
export function badSignature(service: string | undefined, { code, message }: SignatureFault): Refusal {
  if (service !== undefined && ofNamespace.has(service)) return { status: 403, code: ofQuery[code], message };
  if (service === "s3") {
    const isMalformed = code === "IncompleteSignatureException" || code === "ExpiredTokenException";
    return { status: isMalformed ? 400 : 403, code: ofS3[code], message };
  }
  return { status: 400, code, message };
}

const ofNamespace = new Map([
  ["sts", stsNamespace],
  ["iam", iamNamespace],
  ["sns", snsNamespace],
]);

/** Writes a refusal as the service's clients read it. */
export function refusalAnswer(service: string | undefined, refusal: Refusal, requestId: string): WireAnswer {
  const { status, code, message, more = {} } = refusal;
  if (service === "s3") return s3Error(refusal, requestId);
  const namespace = service === undefined ? undefined : ofNamespace.get(service);
  if (namespace !== undefined)
    return { status, type: "text/xml", body: errorXml(code, message, { namespace, requestId }) };
  return { status, type: "application/x-amz-json-1.1", body: JSON.stringify({ __type: code, message, ...more }) };
}
