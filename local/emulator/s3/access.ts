/** Which permissions a call of S3 needs, its object's KMS key included. */
import type { Context } from "../iam/policy.ts";
import { type Access, contextOf } from "../service.ts";
import { contextFor, lockContext, retentionContext, tagContext } from "./condition-keys.ts";
import type { BucketSettings } from "./of-template.ts";
import type { S3Request } from "./request.ts";
import type { Objects } from "./store/bucket.ts";
import type { Version } from "./store/version.ts";

/** A bucket that a call is about. */
export interface OpenBucket {
  readonly settings: BucketSettings;
  readonly objects: Objects;
  readonly account: string;
  readonly region: string;
}

/**
 * Permissions of a call, in the order in which S3 asks.
 * @param nowMillis for what a retention still has to run
 */
export function s3Access(call: S3Request, bucket: OpenBucket, nowMillis: number): Access[] {
  const { settings, objects } = bucket;
  const objectArn = `${settings.arn}/${call.key}`;
  const context = contextFor(call, bucket.account);
  const on = (action: string, resource = objectArn, more: Context = {}): Access => ({
    action: `s3:${action}`,
    resource,
    context: { ...context, ...more },
    // neither account nor policy stands in an object's ARN
    owner: bucket.account,
    carrier: settings.arn,
  });
  const versionId = call.query.get("versionId");
  switch (call.operation) {
    case "ListObjectsV2":
    case "HeadBucket":
      return [on("ListBucket", settings.arn)];
    case "ListObjectVersions":
      return [on("ListBucketVersions", settings.arn)];
    case "GetObject":
    case "HeadObject": {
      const found = versionId === undefined ? objects.current(call.key) : versionOf(objects, call.key, versionId);
      const read = on(versionId === undefined ? "GetObject" : "GetObjectVersion");
      // whoever may not list learns nothing of what is not there
      if (found === undefined) return [read, on("ListBucket", settings.arn)];
      return [read, ...kmsAccess({ action: "Decrypt", keyArn: found.kmsKeyArn }, call, bucket)];
    }
    case "PutObject": {
      const locks =
        call.header("x-amz-object-lock-mode") === undefined
          ? []
          : [on("PutObjectRetention", objectArn, lockContext(call, nowMillis))];
      const tags = tagContext(call);
      return [
        on("PutObject", objectArn, tags),
        ...locks,
        ...(Object.keys(tags).length === 0 ? [] : [on("PutObjectTagging", objectArn, tags)]),
        // an If-Match tells whether the object is one that the caller knows: who may not read it may not ask
        ...(call.header("if-match") === undefined ? [] : [on("GetObject")]),
        ...kmsAccess({ action: "GenerateDataKey", keyArn: keyOf(call, settings) }, call, bucket),
      ];
    }
    case "DeleteObject":
      return [on(versionId === undefined ? "DeleteObject" : "DeleteObjectVersion"), ...bypass(call, on)];
    case "GetObjectTagging":
      return [on(versionId === undefined ? "GetObjectTagging" : "GetObjectVersionTagging")];
    case "GetObjectRetention":
      return [on("GetObjectRetention")];
    case "PutObjectRetention":
      return [on("PutObjectRetention", objectArn, retentionContext(call, nowMillis)), ...bypass(call, on)];
  }
}

const versionOf = (objects: Objects, key: string, id: string): Version | undefined =>
  objects.versions(key).find((each) => each.id === id);

const bypass = (call: S3Request, on: (action: string) => Access): Access[] =>
  call.header("x-amz-bypass-governance-retention")?.toLowerCase() === "true" ? [on("BypassGovernanceRetention")] : [];

/** Key that a put's object is encrypted under; undefined for S3's own. */
export function keyOf(call: S3Request, { kmsKeyArn }: BucketSettings): string | undefined {
  const wanted = call.header("x-amz-server-side-encryption");
  if (wanted === "AES256") return undefined;
  return call.header("x-amz-server-side-encryption-aws-kms-key-id") ?? kmsKeyArn;
}

/** S3 asks KMS in the caller's name, and KMS asks the caller's policies, each by what S3 says of itself. */
function kmsAccess(
  { action, keyArn }: { readonly action: string; readonly keyArn: string | undefined },
  call: S3Request,
  bucket: OpenBucket,
): Access[] {
  if (keyArn === undefined) return [];
  const { settings, region, account } = bucket;
  const context = contextOf({
    "kms:ViaService": `s3.${region}.amazonaws.com`,
    "kms:CallerAccount": account,
    "kms:EncryptionContextKeys": ["aws:s3:arn"],
    "kms:EncryptionContext:aws:s3:arn": settings.hasBucketKey ? settings.arn : `${settings.arn}/${call.key}`,
  });
  return [{ action: `kms:${action}`, resource: keyArn, context }];
}
