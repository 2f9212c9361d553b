import type { AwsGrant } from "../model/aws-role.ts";

/** A service that policies are compiled for. */
export type AwsService = AwsGrant["service"];

/** The only S3 action that names a bucket and not a key; the request's `prefix` tells which keys it lists. */
export const listBucket = "s3:ListBucket";

/**
 * All actions that a registration may give. Each acts only on keys that its request names, so that a policy can bound
 * it. Left out are Scan and PartiQL, everything that changes who else has access (ACLs, policies, retention, tags), and
 * everything that removes what versions keep.
 */
export const awsActions: Readonly<Record<AwsService, readonly string[]>> = {
  s3: [
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:GetObjectAttributes",
    "s3:GetObjectTagging",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
    listBucket,
  ],
  dynamodb: [
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:Query",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
  ],
};
