/** Findings of cdk-nag and of the CloudFormation validator that are correct and accepted, each with its reason. */
import { Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

const acknowledge = (where: IConstruct, id: string, reason: string): void => {
  Validations.of(where).acknowledge({ id, reason });
};

/** X-Ray's two actions cannot be restricted to resources. A role with another statement on `*` must not use this. */
export function acknowledgeTracing(role: IConstruct): void {
  acknowledge(
    role,
    "AwsSolutions-IAM5[Resource::*]",
    "xray:PutTraceSegments and PutTelemetryRecords know no resources",
  );
}

/** What an agent's role asks STS for about itself cannot be restricted to resources. */
export function acknowledgeProof(policy: IConstruct): void {
  acknowledge(
    policy,
    "AwsSolutions-IAM5[Resource::*]",
    "sts:GetWebIdentityToken, TagGetWebIdentityToken and GetScopedCredentials know no resources: they concern the caller itself",
  );
}

/** What every role for sessions may do about its own credentials, and what it is denied, cannot be restricted to resources. */
export function acknowledgeTargetGrant(grant: IConstruct): void {
  acknowledge(
    grant,
    "AwsSolutions-IAM5[Resource::*]",
    "sts:GetScopedCredentials knows no resource: it narrows the caller's own credentials; the deny means everything",
  );
}

/** The account's federation switch cannot be restricted to a resource either. */
export function acknowledgeFederation(role: IConstruct): void {
  acknowledge(
    role,
    "AwsSolutions-IAM5[Resource::*]",
    "the account's federation switch and X-Ray's two actions know no resources",
  );
}

/** The numbers of versions that are published later are not known yet. */
export function acknowledgeVersions(role: IConstruct, functions: readonly string[]): void {
  for (const name of functions) {
    acknowledge(
      role,
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:${name}:*]`,
      "reads the configuration of any published version of this one function",
    );
  }
}

/** The id of a task is not known before it starts. */
export function acknowledgeTasks(role: IConstruct, clusters: readonly string[]): void {
  for (const name of clusters) {
    acknowledge(
      role,
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task/${name}/*]`,
      "reads any task of this one cluster",
    );
  }
}

/** A key that is being created has no ARN yet, and listing keys cannot be restricted to resources. */
export function acknowledgeRotator(role: IConstruct): void {
  acknowledge(
    role,
    "AwsSolutions-IAM5[Resource::*]",
    "kms:CreateKey and ListKeys know no resources (kinds of keys are pinned by condition), nor do X-Ray's two actions; the deny means every key",
  );
}

/** Which roles are lent is the registry's to say, and theirs. */
export function acknowledgeTargetRoles(role: IConstruct, accounts: readonly string[], path: string): void {
  for (const account of accounts) {
    acknowledge(
      role,
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iam::${account}:role${path}*]`,
      "the registry names the roles, after this is deployed; each one's own trust policy must let this role in",
    );
  }
}

/** Receivers, and their secrets, change with the registry. */
export function acknowledgeReceiverSecrets(role: IConstruct, path: string): void {
  acknowledge(
    role,
    `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter${path}*]`,
    "reads the secrets of registered receivers, whose names are not known yet; nothing else stands under this path",
  );
}

/** A queue that is itself a dead-letter queue. */
export function acknowledgeDeadLetters(queue: IConstruct): void {
  acknowledge(queue, "AwsSolutions-SQS3", "this queue is the dead-letter queue");
}

/** The audit bucket has no server access log. */
export function acknowledgeAuditBucket(bucket: IConstruct): void {
  acknowledge(
    bucket,
    "AwsSolutions-S1",
    "an Object Lock bucket cannot hold access logs, and a second bucket would be unprotected; S3 data events in CloudTrail tell more",
  );
}

/** What is delivered once more as Parquet: its own bucket, or the role that writes into a bucket (as findings name it). */
export function acknowledgeParquet(what: IConstruct, bucket?: string): void {
  acknowledge(
    what,
    "AwsSolutions-S1",
    "copies for queries, without access logs; S3 data events in CloudTrail tell more",
  );
  for (const below of bucket === undefined ? [] : ["ext", "errors"])
    acknowledge(
      what,
      `AwsSolutions-IAM5[Resource::${bucket}/${below}/*]`,
      "Firehose names its objects itself; it may write below this prefix and not delete",
    );
}

/** Firehose names its objects itself. */
export function acknowledgeFirehose(role: IConstruct, stateName: string): void {
  const bucket = `${stateName}:ExportsOutputFnGetAttAuditBucketB01E0AE8Arn7D5F088E`;
  for (const folder of ["audit", "errors"]) {
    acknowledge(
      role,
      `AwsSolutions-IAM5[Resource::${bucket}/${folder}/*]`,
      "Firehose chooses the names of its objects; it may write below this prefix and not delete",
    );
  }
}

/** Firehose chooses the names of its objects. */
export function acknowledgeObjectReader(role: IConstruct, stateName: string): void {
  const bucket = `${stateName}:ExportsOutputFnGetAttAuditBucketB01E0AE8Arn7D5F088E`;
  for (const folder of ["audit", "errors"]) {
    acknowledge(
      role,
      `AwsSolutions-IAM5[Resource::${bucket}/${folder}/*]`,
      "retains and reads whatever Firehose writes below this prefix, and can neither write nor delete",
    );
  }
}

/** The names of the log's objects follow from its size. */
export function acknowledgeLogWriter(role: IConstruct, stateName: string): void {
  acknowledge(
    role,
    `AwsSolutions-IAM5[Resource::${stateName}:ExportsOutputFnGetAttAuditBucketB01E0AE8Arn7D5F088E/log/*]`,
    "the log's objects are named by its size as it grows; below this prefix the bucket lets nobody delete",
  );
}

/** Names of objects that the delivery or a trail wrote are not known, and reading them changes none. */
export function acknowledgeAnalyst(
  policy: IConstruct,
  { stateName, trail }: { readonly stateName: string; readonly trail?: string },
): void {
  const audit = `${stateName}:ExportsOutputFnGetAttAuditBucketB01E0AE8Arn7D5F088E/audit`;
  for (const below of [audit, ...(trail === undefined ? [] : [`arn:<AWS::Partition>:s3:::${trail}`])])
    acknowledge(
      policy,
      `AwsSolutions-IAM5[Resource::${below}/*]`,
      "reads objects below this prefix, whose names are made as they come",
    );
}

/** Findings that concern every stack. */
export function acknowledgeEverywhere(scope: IConstruct): void {
  acknowledge(scope, "W3005", "CDK writes DependsOn beside a reference to be explicit; it is redundant, not wrong");
}
