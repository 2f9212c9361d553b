import { Aws, CfnOutput, CfnResource, Stack } from "aws-cdk-lib";
import { EventBus } from "aws-cdk-lib/aws-events";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { IQueue, Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { checkpointDetailType } from "../../lambdas/env.ts";
import { Alarms } from "../alarms.ts";
import type { FunctionProps } from "../function/lanyard-function.ts";
import { roleArn } from "../function/roles.ts";
import { deadLetters } from "../function/stream.ts";
import type { Stage } from "../settings/stage.ts";
import { stackProps } from "../stack-props.ts";
import type { StateStack } from "../state/state-stack.ts";
import { Delivery } from "./delivery.ts";
import { KeyWatch } from "./key-watch.ts";
import { KillWatch } from "./kill-watch.ts";
import { Lake } from "./lake/lake.ts";
import { ObjectReader } from "./object-reader.ts";
import { Parquet } from "./parquet/parquet.ts";
import { Reconciler } from "./reconciler.ts";
import { Relay } from "./relay.ts";
import { Sealer } from "./sealer.ts";
import { TheftWatch } from "./theft-watch.ts";
import { WallWatch } from "./wall-watch.ts";

/** Everything that carries an audit record from the outbox to the bucket, and the topic of all alarms. */
export class AuditStack extends Stack {
  readonly bus: EventBus;
  readonly topic: Topic;
  readonly relay: Relay;
  readonly sealer: Sealer;
  readonly reader: ObjectReader;
  readonly reconciler: Reconciler;
  /** Carries records from the bus to the bucket. */
  readonly delivery: Delivery;
  /** Queues in which something lies only when it went wrong, by the name of their alarm. */
  readonly deadLetters: Readonly<Record<string, IQueue>>;
  /** What the log lacks. */
  readonly unsealed: Queue;

  constructor(scope: Construct, id: string, props: FunctionProps & { readonly state: StateStack }) {
    const { stage, state } = props;
    super(scope, id, stackProps(stage, "audit", "relay, bus and delivery of audit records"));
    this.bus = new EventBus(this, "Bus", { eventBusName: `lanyard-${stage.name}-audit` });
    this.onlyTheRelayPuts(stage);
    this.topic = this.alarmTopic();
    if (stage.alarms.email) this.topic.addSubscription(new EmailSubscription(stage.alarms.email));
    const refused = deadLetters(this, "Refused");
    this.relay = new Relay(this, "Relay", { ...props, bus: this.bus, refused });
    this.delivery = new Delivery(this, "Delivery", { stage, state, bus: this.bus });
    const watched = { stage, state, topic: this.topic };
    new KeyWatch(this, "KeyWatch", watched);
    new WallWatch(this, "WallWatch", watched);
    this.unsealed = deadLetters(this, "Unsealed");
    const findings = this.unsealed;
    this.sealer = new Sealer(this, "Sealer", { ...props, bus: this.bus, findings });
    this.reader = new ObjectReader(this, "ObjectReader", { ...props, findings });
    this.reconciler = new Reconciler(this, "Reconciler", { ...props, findings });
    this.deadLetters = { Refused: refused, RelayFailures: this.relay.failures, Undelivered: this.delivery.undelivered };
    if (stage.alarms.enabled) new TheftWatch(this, "TheftWatch", { bus: this.bus, topic: this.topic });
    if (state.kill) new KillWatch(this, "KillWatch", { stage, topic: this.topic });
    const alarms = new Alarms(this, "Watch", { stage, topic: this.topic });
    alarms.ofAllFunctions();
    alarms.ofFunction("Relay", this.relay);
    alarms.ofStream("Relay", this.relay);
    for (const [name, queue] of Object.entries(this.deadLetters)) alarms.ofQueue(name, queue);
    alarms.ofFunction("Sealer", this.sealer);
    alarms.ofFunction("ObjectReader", this.reader);
    alarms.ofFunction("Reconciler", this.reconciler);
    alarms.ofQueue("Unsealed", this.unsealed);
    alarms.ofDelivery(this.delivery.stream.ref, stage.delivery.bufferSeconds);
    const lake = stage.lake.enabled ? new Lake(this, "Lake", { stage, state }) : undefined;
    if (lake && stage.parquet)
      new Parquet(this, "Parquet", { stage, state, bus: this.bus, lake, parquet: stage.parquet });
    this.exportWhatIsDrawn();
    new CfnOutput(this, "AuditBusName", { value: this.bus.eventBusName });
    new CfnOutput(this, "AuditBusArn", { value: this.bus.eventBusArn });
    new CfnOutput(this, "RelayName", { value: this.relay.function.functionName });
    new CfnOutput(this, "RefusedRecordsUrl", { value: refused.queueUrl });
    new CfnOutput(this, "AlarmTopic", { value: this.topic.topicArn });
  }

  /**
   * Exported whether a dashboard reads it or not: CloudFormation would refuse to drop the exports on the day on which
   * the dashboard is taken away, since it updates this stack first.
   */
  private exportWhatIsDrawn(): void {
    const queues = [...Object.values(this.deadLetters), this.unsealed];
    for (const value of [...queues.map(({ queueName }) => queueName), this.delivery.stream.ref])
      this.exportValue(value);
  }

  /**
   * A topic with its own policy loses the default one, which lets alarms of the account publish, so this policy allows
   * that again.
   */
  private alarmTopic(): Topic {
    const topic = new Topic(this, "Alarms", { enforceSSL: true });
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: "AlarmsPublish",
        principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [topic.topicArn],
        conditions: { StringEquals: { "aws:SourceAccount": Aws.ACCOUNT_ID } },
      }),
    );
    return topic;
  }

  /**
   * Without this policy, anybody who may put events on any bus of the account could put forged records here (threat
   * 23). The sealer puts checkpoints, and nothing else: who writes the log must not be able to write records.
   */
  private onlyTheRelayPuts(stage: Stage): void {
    const [relay, sealer] = [roleArn(stage, "relay"), roleArn(stage, "sealer")];
    const statements: Record<string, object> = {
      OnlyTheRelayPuts: { ArnNotEquals: { "aws:PrincipalArn": [relay, sealer] } },
      TheSealerPutsCheckpoints: {
        ArnEquals: { "aws:PrincipalArn": sealer },
        "ForAnyValue:StringNotEquals": { "events:detail-type": checkpointDetailType },
      },
    };
    // CDK's typed construct warns about its own deprecated properties, whether they are set or not
    for (const [sid, condition] of Object.entries(statements))
      new CfnResource(this, sid, {
        type: "AWS::Events::EventBusPolicy",
        properties: {
          EventBusName: this.bus.eventBusName,
          StatementId: sid,
          Statement: {
            Sid: sid,
            Effect: "Deny",
            Principal: "*",
            Action: "events:PutEvents",
            Resource: this.bus.eventBusArn,
            Condition: condition,
          },
        },
      });
  }
}
