import { Aws, DefaultStackSynthesizer, Duration, RemovalPolicy } from "aws-cdk-lib";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { acknowledgeAuditBucket } from "../acknowledged.ts";
import { type NamedRole, roleArn } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";

/**
 * The bucket of audit records: versioned, with Object Lock (the sealer retains each object version, since S3 might
 * refuse Firehose's puts under a default retention), and TLS only. Its policy forbids everybody to delete, to change
 * retention, to shorten lives and to write records: everything in it came through Firehose (threats 23 and 45).
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
        // a version that is still locked is kept until its lock ends, whatever this rule says
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
  // set by property, since CDK's own way creates a function that changes buckets
  (bucket.node.defaultChild as CfnBucket).notificationConfiguration = {
    eventBridgeConfiguration: { eventBridgeEnabled: true },
  };
  // the bucket outlives its stack and must keep the policy that forbids deleting
  bucket.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
  acknowledgeAuditBucket(bucket);
  return bucket;
}

/**
 * Only the deployment may change the lifecycle. A lifecycle of one day would delete objects that the bucket policy lets
 * nobody delete (threat 45), since S3 does not check the policy for its own expirations. CloudFormation calls with the
 * bootstrap's role, which only CloudFormation can assume, or for a caller, which `aws:CalledVia` shows and no caller
 * can set.
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
