/** What every operation on objects shares. */
import type { WireAnswer } from "../../service.ts";
import type { OpenBucket } from "../access.ts";
import { noSuchKey, noSuchVersion, s3Refusal } from "../errors.ts";
import type { S3Request } from "../request.ts";
import type { Version } from "../store/version.ts";

/** What an operation stands on. */
export interface Ground extends OpenBucket {
  readonly nowMillis: () => number;
}

/** Performs a permitted call; throws `ServiceError`. */
export type Operation = (call: S3Request, ground: Ground) => WireAnswer;

/** Type of S3's documents. */
export const xmlType = "application/xml";

/** The version that a call names, a marker included, or the current object. */
function named(call: S3Request, { objects }: Ground): Version {
  const id = call.query.get("versionId");
  if (id === undefined) {
    const found = objects.current(call.key);
    if (found === undefined) throw noSuchKey(call.key);
    return found;
  }
  const found = objects.versions(call.key).find((each) => each.id === id);
  if (found === undefined) throw noSuchVersion(call.key, id);
  return found;
}

/** The same where a delete marker is no answer. */
export function namedObject(call: S3Request, ground: Ground): Version {
  const found = named(call, ground);
  if (!found.isMarker) return found;
  throw s3Refusal("MethodNotAllowed", "The specified method is not allowed against this resource.", {
    status: 405,
    more: { Method: call.operation.startsWith("Head") ? "HEAD" : "GET", ResourceType: "DeleteMarker" },
  });
}

/** The version's id as a header; a bucket without versions says nothing of it. */
export const versionHeader = ({ id }: Version, { settings }: Ground): Record<string, string> =>
  settings.isVersioned ? { "x-amz-version-id": id } : {};

/** How the object is encrypted, as headers. */
export const encryptionHeaders = ({ kmsKeyArn }: Version, { settings }: Ground): Record<string, string> =>
  kmsKeyArn === undefined
    ? { "x-amz-server-side-encryption": "AES256" }
    : {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": kmsKeyArn,
        ...(settings.hasBucketKey ? { "x-amz-server-side-encryption-bucket-key-enabled": "true" } : {}),
      };
