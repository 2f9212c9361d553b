/** S3's errors, as its clients read them. */
import { ServiceError, type WireAnswer } from "../service.ts";
import { element, xml } from "./xml.ts";

/** An error with members of its own beside code and message. */
export function s3Refusal(code: string, message: string, { status = 400, more = {} } = {}): ServiceError {
  const error = new ServiceError(code, message, status);
  error.cause = more;
  return error;
}

/** Nothing is there under this key. */
export const noSuchKey = (key: string): ServiceError =>
  s3Refusal("NoSuchKey", "The specified key does not exist.", { status: 404, more: { Key: key } });

/** This version is not there. */
export const noSuchVersion = (key: string, versionId: string): ServiceError =>
  s3Refusal("NoSuchVersion", "The specified version does not exist.", {
    status: 404,
    more: { Key: key, VersionId: versionId },
  });

/** What this S3 does not play: never half, so that no test stands on it. */
export const notImplemented = (what: string): ServiceError =>
  s3Refusal("NotImplemented", `A header or query you provided implies functionality that is not implemented: ${what}`, {
    status: 501,
  });

/** Why a precondition stopped the call. */
export const preconditionFailed = (condition: string): ServiceError =>
  s3Refusal("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", {
    status: 412,
    more: { Condition: condition },
  });

/** Writes a refusal. */
export function s3Error(
  refusal: { readonly status: number; readonly code: string; readonly message: string; readonly more?: object },
  requestId: string,
): WireAnswer {
  const { status, code, message, more = {} } = refusal;
  // S3 says "not modified" without a body
  if (status === 304) return { status, type: "application/xml", body: "" };
  const members = { Code: code, Message: message, ...more, RequestId: requestId, HostId: "embedded" };
  const text = Object.entries(members).map(([name, value]) => element(name, String(value)));
  return { status, type: "application/xml", body: xml(`<Error>${text.join("")}</Error>`) };
}
