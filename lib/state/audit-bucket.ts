import { Aws, DefaultStackSynthesizer, Duration, RemovalPolicy } from "aws-cdk-lib";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type LifecycleRule,
  ObjectOwnership,
} from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { acknowledgeAuditBucket } from "../acknowledged.ts";
import type { Conditions } from "../function/grant.ts";
import { type NamedRole, roleArn } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";

/** Records, what could not be delivered of them, and the log over all of them. */
const prefixes = { records: "audit/*", errors: "errors/*", log: "log/*" } as const;

/** For how long a partial tile of the log is kept. A fuller one takes its place within eleven days. */
const partialDays = 90;

/**
 * The bucket of audit records and of the log over them: versioned, with Object Lock (each object version is retained by
 * the function that reads it, since S3 might refuse Firehose's puts under a default retention), and TLS only. Its policy
 * forbids everybody to delete, to change retention, to shorten lives and to write: below `audit/` everything came
 * through Firehose, below `log/` from the sealer, which cannot overwrite a tile either (threats 23 and 45).
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
    lifecycleRules: [...["audit/", "errors/"].map((prefix) => aged(prefix, stage)), partialTiles],
  });
  protect(bucket, stage);
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

/** A version that is still locked is kept until its lock ends, whatever this rule says. The log itself has no end. */
const aged = (prefix: string, { auditRetentionDays }: Stage): LifecycleRule => ({
  prefix,
  expiration: Duration.days(auditRetentionDays),
  noncurrentVersionExpiration: Duration.days(auditRetentionDays),
  abortIncompleteMultipartUploadAfter: Duration.days(7),
});

const partialTiles: LifecycleRule = {
  tagFilters: { "lanyard-log": "partial" },
  expiration: Duration.days(partialDays),
  noncurrentVersionExpiration: Duration.days(partialDays),
};

function protect(bucket: Bucket, stage: Stage): void {
  const all = [bucket.bucketArn, bucket.arnForObjects("*")];
  const below = (...prefix: string[]) => prefix.map((one) => bucket.arnForObjects(one));
  const deny = (sid: string, actions: string[], { but = [], on = all, ...more }: Denied = {}) =>
    bucket.addToResourcePolicy(
      new PolicyStatement({
        sid,
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions,
        ...(more.notOn ? { notResources: more.notOn } : { resources: on }),
        ...((but.length > 0 || more.conditions) && {
          conditions: {
            ...(but.length > 0 && {
              ArnNotEquals: { "aws:PrincipalArn": but.map((role) => roleArn(stage, role)) },
            }),
            ...more.conditions,
          },
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
  deny("OnlyReadersAndTheSealerRetain", ["s3:PutObjectRetention"], { but: ["object-reader", "sealer"] });
  const { records, errors, log } = prefixes;
  deny("OnlyFirehoseWrites", ["s3:PutObject"], { but: ["firehose"], on: below(records, errors) });
  deny("OnlyTheSealerWritesTheLog", ["s3:PutObject"], { but: ["sealer"], on: below(log) });
  deny("NobodyWritesElsewhere", ["s3:PutObject"], { notOn: below(records, errors, log) });
  // what a verifier has seen must not change, not even by an error of ours
  deny("NoTileIsOverwritten", ["s3:PutObject"], {
    on: below("log/tile/*", "log/checkpoints/*"),
    conditions: { Null: { "s3:if-none-match": "true" } },
  });
  // a tag ends an object's life
  const tagging = ["Put", "Delete"].flatMap((verb) => [`s3:${verb}ObjectTagging`, `s3:${verb}ObjectVersionTagging`]);
  deny("OnlyTheSealerTags", tagging, { but: ["sealer"] });
}

/** A denial: of whom it does not speak, and where and when it holds; everywhere and always unless told otherwise. */
interface Denied {
  readonly but?: readonly NamedRole[];
  readonly on?: string[];
  readonly notOn?: string[];
  readonly conditions?: Conditions;
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
