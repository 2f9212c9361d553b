import { Duration } from "aws-cdk-lib";
import { Rule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { acknowledgeSealer } from "../acknowledged.ts";
import { allow } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { deadLetters } from "../function/stream.ts";
import type { Stage } from "../settings/stage.ts";
import type { StateStack } from "../state/state-stack.ts";

/** What the sealer looks after, and where it says what it could not do. */
export interface Sealing {
  readonly sealer: LanyardFunction;
  /** Events of objects that could not be retained: they hold the object's key and version. */
  readonly unsealed: IQueue;
}

/**
 * Retains every version of every object of the audit bucket as it comes. A default retention of the bucket would do the
 * same, but S3 then refuses each put that carries no checksum, and AWS says nowhere that Firehose sends one.
 */
export function sealer(scope: Construct, stage: Stage, dist: string, state: StateStack): Sealing {
  const { auditBucket } = state;
  const unsealed = deadLetters(scope, "Unsealed");
  const made = new LanyardFunction(scope, "Sealer", {
    stage,
    dist,
    name: "sealer",
    namedRole: "sealer",
    description: "Retains the objects of the audit bucket",
    environment: {
      auditBucket: auditBucket.bucketName,
      auditRetentionDays: String(stage.auditRetentionDays),
      auditLock: stage.auditLock.toUpperCase(),
    },
    memoryMegabytes: 512,
    timeoutSeconds: 30,
  });
  allow(
    made.role,
    ["s3:PutObjectRetention"],
    [auditBucket.arnForObjects("audit/*"), auditBucket.arnForObjects("errors/*")],
  );
  allow(made.role, ["sqs:SendMessage"], [unsealed.queueArn]);
  acknowledgeSealer(made.role, state);
  made.function.configureAsyncInvoke({
    maxEventAge: Duration.hours(6),
    retryAttempts: 2,
    onFailure: { bind: () => ({ destination: unsealed.queueArn }) },
  });
  new Rule(made, "OnObject", {
    description: "Every object of the audit bucket, to the sealer",
    eventPattern: {
      source: ["aws.s3"],
      detailType: ["Object Created"],
      detail: { bucket: { name: [auditBucket.bucketName] } },
    },
    targets: [
      new LambdaFunction(made.function, {
        maxEventAge: Duration.hours(24),
        retryAttempts: 185,
        deadLetterQueue: unsealed,
      }),
    ],
  });
  return { sealer: made, unsealed };
}
