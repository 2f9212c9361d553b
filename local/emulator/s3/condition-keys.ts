/** Condition keys that S3 fills for a call. */
import type { Context } from "../iam/policy.ts";
import { contextOf } from "../service.ts";
import type { S3Request } from "./request.ts";
import { tagsOf } from "./tags.ts";

const dayMillis = 86_400_000;

/** Of every call. */
export function contextFor({ query, header }: S3Request, account: string): Context {
  return contextOf({
    "s3:authType": "REST-HEADER",
    "s3:signatureversion": "AWS4-HMAC-SHA256",
    "s3:x-amz-content-sha256": header("x-amz-content-sha256"),
    // loopback stands for TLS, as everywhere here
    "s3:TlsVersion": "1.3",
    "s3:ResourceAccount": account,
    "s3:prefix": query.get("prefix"),
    "s3:delimiter": query.get("delimiter"),
    "s3:max-keys": query.get("max-keys"),
    "s3:VersionId": query.get("versionId"),
    "s3:if-match": header("if-match"),
    "s3:if-none-match": header("if-none-match"),
    "s3:x-amz-server-side-encryption": header("x-amz-server-side-encryption"),
    "s3:x-amz-server-side-encryption-aws-kms-key-id": header("x-amz-server-side-encryption-aws-kms-key-id"),
  });
}

/** Of a put that tags what it puts. */
export function tagContext(call: S3Request): Context {
  const tags = tagsOf(call);
  if (tags === undefined) return {};
  return contextOf({
    "s3:RequestObjectTagKeys": Object.keys(tags),
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`s3:RequestObjectTag/${key}`, value])),
  });
}

/** Of a put that retains what it puts. */
export const lockContext = ({ header }: S3Request, nowMillis: number): Context =>
  lockKeys(header("x-amz-object-lock-mode"), header("x-amz-object-lock-retain-until-date"), nowMillis);

/** Of a retention, from its document. */
export function retentionContext({ body }: S3Request, nowMillis: number): Context {
  const text = body.toString();
  const member = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
  return lockKeys(member("Mode"), member("RetainUntilDate"), nowMillis);
}

const lockKeys = (mode: string | undefined, until: string | undefined, nowMillis: number): Context => {
  const untilMillis = Date.parse(until ?? "");
  const days = Number.isNaN(untilMillis) ? undefined : String(Math.ceil((untilMillis - nowMillis) / dayMillis));
  return contextOf({
    "s3:object-lock-mode": mode,
    "s3:object-lock-retain-until-date": until,
    "s3:object-lock-remaining-retention-days": days,
  });
};
