import { Duration } from "aws-cdk-lib";
import { Rule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { acknowledgeSealer } from "../acknowledged.ts";
import { type FunctionProps, LanyardFunction } from "../function/lanyard-function.ts";
import type { StateStack } from "../state/state-stack.ts";

/** What the sealer is made from. */
interface SealerProps extends FunctionProps {
  readonly state: StateStack;
  /** Receives the events of objects that could not be retained, with the object's key and version. */
  readonly unsealed: Queue;
}

/**
 * Retains every version of every object of the audit bucket as soon as it is created. A default retention of the bucket
 * would do the same, but S3 would then refuse each put without a checksum, and AWS does not document that Firehose
 * sends one.
 */
export class Sealer extends LanyardFunction {
  constructor(scope: Construct, id: string, props: SealerProps) {
    super(scope, id, { ...props, name: "sealer" });
    const { stage, state, unsealed } = props;
    const { auditBucket } = state;
    this.tell({ auditRetentionDays: String(stage.auditRetentionDays), auditLock: stage.auditLock.toUpperCase() });
    this.grant(
      {
        actions: ["s3:PutObjectRetention"],
        on: ["audit/*", "errors/*"].map((below) => ({
          name: `AuditBucket/${below}`,
          arn: auditBucket.arnForObjects(below),
        })),
        why: "retains each object as it comes; it can neither read, write nor delete",
      },
      { auditBucket: auditBucket.bucketName },
    );
    this.grant({
      actions: ["sqs:SendMessage"],
      on: [{ name: "Unsealed", arn: unsealed.queueArn }],
      why: "Lambda sets aside what it could not retain",
      byAws: true,
    });
    acknowledgeSealer(this.role, state.stackName);
    this.function.configureAsyncInvoke({
      maxEventAge: Duration.hours(6),
      retryAttempts: 2,
      onFailure: { bind: () => ({ destination: unsealed.queueArn }) },
    });
    new Rule(this, "OnObject", {
      description: "Every object of the audit bucket, to the sealer",
      eventPattern: {
        source: ["aws.s3"],
        detailType: ["Object Created"],
        detail: { bucket: { name: [auditBucket.bucketName] } },
      },
      targets: [
        new LambdaFunction(this.function, {
          maxEventAge: Duration.hours(24),
          retryAttempts: 185,
          deadLetterQueue: unsealed,
        }),
      ],
    });
  }
}
