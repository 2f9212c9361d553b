import { Aws, Duration } from "aws-cdk-lib";
import { type EventBus, Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { checkpointDetailType } from "../../lambdas/env.ts";
import { acknowledgeLogWriter } from "../acknowledged.ts";
import { type FunctionProps, LanyardFunction } from "../function/lanyard-function.ts";
import type { Stage } from "../settings/stage.ts";
import type { StateStack } from "../state/state-stack.ts";
import { tellOfFindings } from "./findings.ts";

/** What the sealer is made from. */
interface SealerProps extends FunctionProps {
  readonly state: StateStack;
  readonly bus: EventBus;
  /** Receives what is found wrong with the trail. */
  readonly findings: Queue;
}

/** The log's name, for good: whoever verifies it knows it by this name, and it stands in every checkpoint. */
const logOrigin = ({ trustDomain, name, region }: Pick<Stage, "trustDomain" | "name" | "region">): string =>
  `${trustDomain}/lanyard/${name}/${region}`;

/**
 * Writes records to the log every minute. It alone may sign by the log's key, write below `log/`, and tag: it can
 * neither delete nor overwrite what it wrote, and reads no record.
 */
export class Sealer extends LanyardFunction {
  constructor(scope: Construct, id: string, props: SealerProps) {
    super(scope, id, { ...props, name: "sealer" });
    const { stage, state, bus, findings } = props;
    this.tell({
      auditRetentionDays: String(stage.auditRetentionDays),
      auditLock: stage.auditLock.toUpperCase(),
      logOrigin: logOrigin(stage),
      // its right to sign is the gift of the key's own policy
      logKey: [state.keys.log.keyArn, ...(stage.log.nextKey ? [stage.log.nextKey] : [])].join(","),
      ...(stage.log.witnesses.length > 0 && { logWitnesses: JSON.stringify(stage.log.witnesses) }),
    });
    this.grantNextKey(stage);
    state.tables.grantSealing(this);
    this.grantLog(state);
    this.grant(
      {
        actions: ["events:PutEvents"],
        on: [{ name: "Bus", arn: bus.eventBusArn }],
        conditions: {
          "ForAllValues:StringEquals": { "events:detail-type": checkpointDetailType },
          Null: { "events:detail-type": "false" },
        },
        why: "puts checkpoints on the bus, and no record",
      },
      { auditBus: bus.eventBusName },
    );
    tellOfFindings(this, findings);
    new Rule(this, "OnSchedule", {
      description: "What is recorded gets its place in the log",
      schedule: Schedule.rate(Duration.minutes(1)),
      // a run that fails is followed by the next one
      targets: [new LambdaFunction(this.function, { retryAttempts: 0 })],
    });
  }

  /** The next key is made outside of the stacks: both its policy and this role must allow it. */
  private grantNextKey({ log: { nextKey } }: Stage): void {
    if (nextKey === undefined) return;
    const on = [{ name: "Next log key", arn: nextKey }];
    this.grant({
      actions: ["kms:Sign"],
      on,
      conditions: { StringEquals: { "kms:SigningAlgorithm": "ED25519_SHA_512", "kms:MessageType": "RAW" } },
      why: "signs checkpoints by the next key too",
    });
    this.grant({ actions: ["kms:GetPublicKey"], on, why: "reads the public half of the next key" });
  }

  private grantLog({ auditBucket, keys, stackName }: StateStack): void {
    const log = { name: "AuditBucket/log/*", arn: auditBucket.arnForObjects("log/*") };
    this.grant(
      {
        actions: ["s3:GetObject", "s3:PutObject"],
        on: [log],
        why: "writes the log's objects, each once, and reads those it continues",
      },
      { auditBucket: auditBucket.bucketName },
    );
    this.grant({
      actions: ["s3:PutObjectRetention", "s3:PutObjectTagging"],
      on: [log],
      why: "puts each object retained, or marked as partial",
      byAws: true,
    });
    this.grant({
      actions: ["s3:ListBucket"],
      on: [{ name: "AuditBucket", arn: auditBucket.bucketArn }],
      why: "is told that an object is missing, and not that it is forbidden",
      byAws: true,
    });
    this.grant({
      actions: ["kms:GenerateDataKey", "kms:Decrypt"],
      on: [{ name: "Data key", arn: keys.data.keyArn }],
      conditions: { StringEquals: { "kms:ViaService": `s3.${Aws.REGION}.amazonaws.com` } },
      why: "reads and writes objects under the data's key",
      byAws: true,
    });
    acknowledgeLogWriter(this.role, stackName);
  }
}
