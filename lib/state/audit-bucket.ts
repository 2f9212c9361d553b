import { Aws, DefaultStackSynthesizer, Duration, RemovalPolicy } from "aws-cdk-lib";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { acknowledgeAuditBucket } from "../acknowledged.ts";
import { type NamedRole, roleArn } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";

/**
 * The bucket of audit records: versioned, with Object Lock (the sealer retains object versions one by one, since a default
 * retention may refuse Firehose), TLS only. Its policy keeps everybody from deleting, from touching retention, from
 * shortening lives and from writing records of their own: what reached S3 came through Firehose (threat 23).
 */
export function auditBucket(
  scope: Construct,
  id: string,
  { stage, dataKey }: { readonly stage: Stage; readonly dataKey: IKey },
): Bucket {
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
  deny("OnlyFirehoseWrites", ["s3:PutObject"], ["firehose"]);
  onlyTheDeploymentAges(bucket, stage);
  // told of by property: CDK's own switch makes a function that changes buckets
  (bucket.node.defaultChild as CfnBucket).notificationConfiguration = {
    eventBridgeConfiguration: { eventBridgeEnabled: true },
  };
  // a bucket that outlives its stack must not lose what keeps everybody from deleting in it
  bucket.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
  acknowledgeAuditBucket(bucket);
  return bucket;
}

/**
 * A lifecycle of one day deletes what no bucket policy lets anybody delete (threat 45): S3 does not ask the policy for its
 * own expirations. CloudFormation calls as the bootstrap's role, which nothing but CloudFormation can take, or for a
 * caller, which `aws:CalledVia` tells and no caller can set.
 */
function onlyTheDeploymentAges(bucket: Bucket, stage: Stage): void {
  const qualifier = bucket.stack.synthesizer.bootstrapQualifier ?? DefaultStackSynthesizer.DEFAULT_QUALIFIER;
  const name = `cdk-${qualifier}-cfn-exec-role-${Aws.ACCOUNT_ID}-${stage.region}`;
  bucket.addToResourcePolicy(
    new PolicyStatement({
      sid: "OnlyTheDeploymentAges",
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ["s3:PutLifecycleConfiguration"],
      resources: [bucket.bucketArn],
      conditions: {
        ArnNotEquals: { "aws:PrincipalArn": `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/${name}` },
        "ForAllValues:StringNotEquals": { "aws:CalledVia": "cloudformation.amazonaws.com" },
      },
    }),
  );
}
