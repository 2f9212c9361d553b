import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { acknowledgeAuditBucket } from "../acknowledged.ts";
import { type NamedRole, roleArn } from "../roles.ts";
import type { Stage } from "../stage.ts";

/**
 * The bucket of audit records: versioned, with Object Lock (the sealer retains object versions one by one; a default
 * retention would refuse Firehose), TLS only. Its policy keeps everybody from deleting, from touching retention and from
 * writing records of their own: what reached S3 came through Firehose (threat 23).
 */
export function auditBucket(scope: Construct, id: string, stage: Stage, dataKey: IKey): Bucket {
  const bucket = new Bucket(scope, id, {
    versioned: true,
    objectLockEnabled: true,
    encryption: BucketEncryption.KMS,
    encryptionKey: dataKey,
    bucketKeyEnabled: true,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    lifecycleRules: [
      {
        // a version that is still locked stays until its lock ends, whatever this says
        expiration: Duration.days(stage.auditRetentionDays),
        noncurrentVersionExpiration: Duration.days(stage.auditRetentionDays),
        abortIncompleteMultipartUploadAfter: Duration.days(7),
      },
    ],
  });
  const deny = (sid: string, actions: string[], but: NamedRole[] = []) =>
    bucket.addToResourcePolicy(
      new PolicyStatement({
        sid,
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions,
        resources: [bucket.bucketArn, bucket.arnForObjects("*")],
        ...(but.length > 0 && {
          conditions: { ArnNotEquals: { "aws:PrincipalArn": but.map((role) => roleArn(stage, role)) } },
        }),
      }),
    );
  deny("NobodyRewritesHistory", [
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutObjectLegalHold",
    "s3:BypassGovernanceRetention",
    "s3:PutBucketObjectLockConfiguration",
  ]);
  deny("OnlyTheSealerRetains", ["s3:PutObjectRetention"], ["sealer"]);
  deny("OnlyFirehoseAndSealerWrite", ["s3:PutObject"], ["firehose", "sealer"]);
  acknowledgeAuditBucket(bucket);
  return bucket;
}
