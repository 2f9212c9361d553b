import { Aws, RemovalPolicy } from "aws-cdk-lib";
import { CfnRule, type EventBus } from "aws-cdk-lib/aws-events";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { CfnDeliveryStream } from "aws-cdk-lib/aws-kinesisfirehose";
import { LogGroup, LogStream, type RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { checkpointDetailType } from "../../lambdas/env.ts";
import { acknowledgeFirehose } from "../acknowledged.ts";
import { allow } from "../function/grant.ts";
import { roleName } from "../function/roles.ts";
import { deadLetters } from "../function/stream.ts";
import type { Stage } from "../settings/stage.ts";
import type { StateStack } from "../state/state-stack.ts";

/** What records are delivered with, and where to. */
interface DeliveryProps {
  readonly stage: Stage;
  readonly state: StateStack;
  readonly bus: EventBus;
}

/** From the bus to the bucket: rule, Firehose and the dead letters of the rule. */
export class Delivery extends Construct {
  readonly stream: CfnDeliveryStream;
  readonly undelivered: Queue;
  readonly rule: CfnRule;

  constructor(scope: Construct, id: string, { stage, state, bus }: DeliveryProps) {
    super(scope, id);
    this.stream = this.firehose(stage, state);
    this.undelivered = deadLetters(this, "Undelivered");
    const caller = new Role(this, "RuleRole", {
      // conditions that stop a rule of another account from using this role (confused deputy)
      assumedBy: new ServicePrincipal("events.amazonaws.com", {
        conditions: { StringEquals: { "aws:SourceAccount": Aws.ACCOUNT_ID } },
      }),
    });
    allow(caller, {
      actions: ["firehose:PutRecord", "firehose:PutRecordBatch"],
      on: [{ name: "Delivery", arn: this.stream.attrArn }],
      why: "carries every record from the bus to Firehose, as EventBridge asks of a target's role",
    });
    this.rule = new CfnRule(this, "Rule", {
      eventBusName: bus.eventBusName,
      description: "Every audit record, to Firehose",
      // only the relay may put events on this bus that are no checkpoints, so every one of them is a record
      eventPattern: { "detail-type": [{ "anything-but": [checkpointDetailType] }] },
      targets: [
        {
          id: "Firehose",
          arn: this.stream.attrArn,
          roleArn: caller.roleArn,
          // the record unchanged: a text template would make a JSON string of it without escaping its contents
          inputPath: "$.detail",
          deadLetterConfig: { arn: this.undelivered.queueArn },
          retryPolicy: { maximumEventAgeInSeconds: 86_400, maximumRetryAttempts: 185 },
        },
      ],
    });
    this.rule.node.addDependency(caller);
    this.undelivered.addToResourcePolicy(
      new PolicyStatement({
        sid: "TheRuleSends",
        principals: [new ServicePrincipal("events.amazonaws.com")],
        actions: ["sqs:SendMessage"],
        resources: [this.undelivered.queueArn],
        conditions: { ArnEquals: { "aws:SourceArn": this.rule.attrArn } },
      }),
    );
  }

  private firehose(stage: Stage, state: StateStack): CfnDeliveryStream {
    const logGroup = new LogGroup(this, "Logs", {
      retention: stage.logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const logStream = new LogStream(this, "LogStream", { logGroup, removalPolicy: RemovalPolicy.DESTROY });
    const role = this.firehoseRole(stage, state, logGroup);
    const stream = new CfnDeliveryStream(this, "Firehose", {
      deliveryStreamType: "DirectPut",
      deliveryStreamEncryptionConfigurationInput: { keyType: "AWS_OWNED_CMK" },
      extendedS3DestinationConfiguration: {
        bucketArn: state.auditBucket.bucketArn,
        roleArn: role.roleArn,
        bufferingHints: {
          intervalInSeconds: stage.delivery.bufferSeconds,
          sizeInMBs: stage.delivery.bufferMegabytes,
        },
        compressionFormat: "GZIP",
        // the time is that of arrival, in UTC; a query by event time must include one more day
        prefix: "audit/dt=!{timestamp:yyyy-MM-dd}/",
        errorOutputPrefix: "errors/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/",
        encryptionConfiguration: { kmsEncryptionConfig: { awskmsKeyArn: state.keys.data.keyArn } },
        cloudWatchLoggingOptions: {
          enabled: true,
          logGroupName: logGroup.logGroupName,
          logStreamName: logStream.logStreamName,
        },
        processingConfiguration: {
          enabled: true,
          processors: [
            {
              type: "AppendDelimiterToRecord",
              // a backslash and an n: Firehose reads the escape
              parameters: [{ parameterName: "Delimiter", parameterValue: "\\n" }],
            },
          ],
        },
      },
    });
    stream.node.addDependency(role);
    return stream;
  }

  /** Firehose may only add objects: CDK's own grant would let it delete every one. */
  private firehoseRole(stage: Stage, state: StateStack, logGroup: LogGroup): Role {
    const { auditBucket, keys } = state;
    const role = new Role(this, "FirehoseRole", {
      roleName: roleName(stage, "firehose"),
      // as AWS documents it: Firehose sends the account it works for as external id
      assumedBy: new ServicePrincipal("firehose.amazonaws.com", {
        conditions: { StringEquals: { "sts:ExternalId": Aws.ACCOUNT_ID } },
      }),
    });
    allow(role, {
      actions: ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
      on: ["audit/*", "errors/*"].map((below) => ({
        name: `AuditBucket/${below}`,
        arn: auditBucket.arnForObjects(below),
      })),
      why: "adds objects; it can neither delete them nor touch their retention",
    });
    allow(role, {
      actions: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
      on: [{ name: "AuditBucket", arn: auditBucket.bucketArn }],
      why: "as AWS publishes it for a delivery into a bucket",
    });
    allow(role, {
      actions: ["kms:GenerateDataKey", "kms:Decrypt"],
      on: [{ name: "Data key", arn: keys.data.keyArn }],
      conditions: { StringEquals: { "kms:ViaService": `s3.${Aws.REGION}.amazonaws.com` } },
      why: "writes objects under the data's key",
    });
    allow(role, {
      actions: ["logs:PutLogEvents"],
      on: [{ name: "its logs", arn: logGroup.logGroupArn }],
      why: "says what it could not deliver",
    });
    acknowledgeFirehose(role, state.stackName);
    return role;
  }
}
