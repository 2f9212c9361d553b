import { Aws, Duration } from "aws-cdk-lib";
import { Rule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { acknowledgeObjectReader } from "../acknowledged.ts";
import { type FunctionProps, LanyardFunction } from "../function/lanyard-function.ts";
import type { StateStack } from "../state/state-stack.ts";
import { tellOfFindings } from "./findings.ts";

/** What the reader of new objects is made from. */
interface ObjectReaderProps extends FunctionProps {
  readonly state: StateStack;
  /** Receives what is found, and the events of objects that could not be retained or read. */
  readonly findings: Queue;
}

/**
 * Retains every version of every object of the trail as soon as it is created, and compares each of its lines with the
 * record that it says it is. A default retention of the bucket would retain too, but S3 would then refuse each put
 * without a checksum, and AWS does not document that Firehose sends one.
 */
export class ObjectReader extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ObjectReaderProps) {
    super(scope, id, { ...props, name: "object-reader" });
    const { stage, state, findings } = props;
    const { auditBucket } = state;
    this.tell({ auditRetentionDays: String(stage.auditRetentionDays), auditLock: stage.auditLock.toUpperCase() });
    const objects = (below: string) => ({ name: `AuditBucket/${below}`, arn: auditBucket.arnForObjects(below) });
    this.grant(
      {
        actions: ["s3:PutObjectRetention"],
        on: [objects("audit/*"), objects("errors/*")],
        why: "retains each object as it comes; it can neither write nor delete",
      },
      { auditBucket: auditBucket.bucketName },
    );
    this.grant({ actions: ["s3:GetObjectVersion"], on: [objects("audit/*")], why: "reads the lines of new objects" });
    this.grant({
      actions: ["kms:Decrypt"],
      on: [{ name: "Data key", arn: state.keys.data.keyArn }],
      conditions: { StringEquals: { "kms:ViaService": `s3.${Aws.REGION}.amazonaws.com` } },
      why: "reads objects under the data's key",
      byAws: true,
    });
    state.tables.grantLeafObjects(this);
    // Lambda sets aside by this right, too, what it could not handle
    tellOfFindings(this, findings);
    acknowledgeObjectReader(this.role, state.stackName);
    this.function.configureAsyncInvoke({
      maxEventAge: Duration.hours(6),
      retryAttempts: 2,
      onFailure: { bind: () => ({ destination: findings.queueArn }) },
    });
    new Rule(this, "OnObject", {
      description: "Every object of the trail, to its reader",
      eventPattern: {
        source: ["aws.s3"],
        detailType: ["Object Created"],
        detail: {
          bucket: { name: [auditBucket.bucketName] },
          object: { key: [{ prefix: "audit/" }, { prefix: "errors/" }] },
        },
      },
      targets: [
        new LambdaFunction(this.function, {
          maxEventAge: Duration.hours(24),
          retryAttempts: 185,
          deadLetterQueue: findings,
        }),
      ],
    });
  }
}
