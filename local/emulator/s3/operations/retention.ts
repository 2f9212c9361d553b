/** Object Lock: GetObjectRetention, PutObjectRetention, and what a locked version refuses. */
import { s3Refusal } from "../errors.ts";
import { flatMembers } from "../flat-document.ts";
import type { S3Request } from "../request.ts";
import type { Retention, Version } from "../store/version.ts";
import { elements, moment, namespace, xml } from "../xml.ts";
import { hasDigest } from "./checksums.ts";
import { type Ground, namedObject, type Operation, xmlType } from "./operation.ts";

/** GetObjectRetention. */
export const getRetention: Operation = (call, ground) => {
  const { retention } = locked(call, ground);
  if (retention === undefined)
    throw s3Refusal("NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration", {
      status: 404,
      more: { Key: call.key },
    });
  const members = elements({ Mode: retention.mode, RetainUntilDate: moment(retention.untilMillis) });
  return { type: xmlType, body: xml(`<Retention xmlns="${namespace}">${members}</Retention>`) };
};

/** PutObjectRetention. A lock may grow; what may shrink or end it is the mode's matter. */
export const putRetention: Operation = (call, ground) => {
  if (!hasDigest(call))
    throw s3Refusal("InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  const version = locked(call, ground);
  const members = flatMembers(call.body.toString(), "Retention");
  const wanted = readRetention(members.get("Mode"), members.get("RetainUntilDate"), ground.nowMillis());
  if (isWeaker(wanted, version.retention)) refuseLocked(version, call, ground.nowMillis());
  ground.objects.retain(version, wanted);
  return { type: xmlType, body: "" };
};

/**
 * Refuses to touch a version while its lock holds. A governance lock gives way to who may bypass it and says so; whether
 * the caller may was asked of IAM by then.
 * @throws ServiceError AccessDenied
 */
export function refuseLocked({ retention }: Version, { header }: S3Request, nowMillis: number): void {
  if (retention === undefined || retention.untilMillis <= nowMillis) return;
  const bypasses = header("x-amz-bypass-governance-retention")?.toLowerCase() === "true";
  if (retention.mode === "GOVERNANCE" && bypasses) return;
  throw s3Refusal("AccessDenied", "Access Denied because object protected by object lock.", { status: 403 });
}

/**
 * A retention as headers or document say it.
 * @throws ServiceError MalformedXML, InvalidArgument
 */
export function readRetention(mode: string | undefined, until: string | undefined, nowMillis: number): Retention {
  const untilMillis = Date.parse(until ?? "");
  if ((mode !== "GOVERNANCE" && mode !== "COMPLIANCE") || Number.isNaN(untilMillis))
    throw s3Refusal(
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema",
    );
  if (untilMillis <= nowMillis) throw s3Refusal("InvalidArgument", "The retain until date must be in the future!");
  return { mode, untilMillis };
}

function locked(call: S3Request, ground: Ground): Version {
  if (!ground.settings.hasLock) throw s3Refusal("InvalidRequest", "Bucket is missing Object Lock Configuration");
  return namedObject(call, ground);
}

const isWeaker = (wanted: Retention, had: Retention | undefined): boolean =>
  had !== undefined &&
  (wanted.untilMillis < had.untilMillis || (had.mode === "COMPLIANCE" && wanted.mode === "GOVERNANCE"));
