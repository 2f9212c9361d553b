import type { AwsGrant } from "../model/aws-role.ts";

/** A service that policies are compiled for. */
export type AwsService = AwsGrant["service"];

/** The one S3 action that names a bucket and not a key; its keys are told by the request's `prefix`. */
export const listBucket = "s3:ListBucket";

/**
 * All that a registration may give. Each acts on keys that its request names and on nothing else, so that a policy can
 * bound it: no Scan and no PartiQL, nothing that changes who else may (ACLs, policies, retention, tags), and nothing that
 * removes what versions keep.
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
