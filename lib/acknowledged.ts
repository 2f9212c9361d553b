/** Findings of cdk-nag and of the CloudFormation validator that are right and stay: each with its reason. */
import { Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

const acknowledge = (where: IConstruct, id: string, reason: string): void => {
  Validations.of(where).acknowledge({ id, reason });
};

/** X-Ray's two actions have no resource level; a role with any other statement on `*` must not use this. */
export function acknowledgeTracing(role: IConstruct): void {
  acknowledge(
    role,
    "AwsSolutions-IAM5[Resource::*]",
    "xray:PutTraceSegments and PutTelemetryRecords know no resources",
  );
}

/** The account's switch has no resource level either. */
export function acknowledgeFederation(role: IConstruct): void {
  acknowledge(
    role,
    "AwsSolutions-IAM5[Resource::*]",
    "the account's federation switch and X-Ray's two actions know no resources",
  );
}

/** Versions that are published later have numbers nobody knows yet. */
export function acknowledgeVersions(role: IConstruct, functions: readonly string[]): void {
  for (const name of functions) {
    acknowledge(
      role,
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:${name}:*]`,
      "reads the configuration of any published version of this one function",
    );
  }
}

/** A task's id is made when it starts. */
export function acknowledgeTasks(role: IConstruct, clusters: readonly string[]): void {
  for (const name of clusters) {
    acknowledge(
      role,
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task/${name}/*]`,
      "reads any task of this one cluster",
    );
  }
}

/** Making a key has no resource yet, and listing keys none at all. */
export function acknowledgeRotator(role: IConstruct): void {
  acknowledge(
    role,
    "AwsSolutions-IAM5[Resource::*]",
    "kms:CreateKey and ListKeys know no resources (kinds of keys are pinned by condition), nor do X-Ray's two actions; the deny means every key",
  );
}

/** Receivers come and go with the registry, and their secrets with them. */
export function acknowledgeReceiverSecrets(role: IConstruct, path: string): void {
  acknowledge(
    role,
    `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter${path}*]`,
    "reads the secrets of registered receivers, whose names are not known yet; nothing else stands under this path",
  );
}

/** A queue that is itself the end of the line. */
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

/** Objects get their names from Firehose. */
export function acknowledgeSealer(role: IConstruct, stateName: string): void {
  const bucket = `${stateName}:ExportsOutputFnGetAttAuditBucketB01E0AE8Arn7D5F088E`;
  for (const folder of ["audit", "errors"]) {
    acknowledge(
      role,
      `AwsSolutions-IAM5[Resource::${bucket}/${folder}/*]`,
      "retains whatever Firehose writes below this prefix, and can neither read, write nor delete",
    );
  }
}

/** What concerns every stack alike. */
export function acknowledgeEverywhere(scope: IConstruct): void {
  acknowledge(scope, "W3005", "CDK writes DependsOn beside a reference to be explicit; it is redundant, not wrong");
}
