import { Duration } from "aws-cdk-lib";
import { type EventBus, Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Alias } from "aws-cdk-lib/aws-kms";
import { Topic } from "aws-cdk-lib/aws-sns";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { functions } from "../../lambdas/manifest.ts";
import { busToQueue } from "../function/bus-queue.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { roleArn } from "../function/roles.ts";
import { deadLetters } from "../function/stream.ts";
import type { Stage } from "../settings/stage.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/** What is folded into one message, and the longest that anybody waits for it beside the way to the bus. */
const everyMinutes = 1;
const { timeoutSeconds } = functions.notices;
/** Past the end of the run that took a message, so that no other run tells of it too. */
const visibilitySeconds = 2 * timeoutSeconds;
/** Longer than any request waits: what lies there after so many runs is none of ours, or SNS does not answer. */
const mostReceives = 20;
/** Age of a message at which an alarm rings: several runs have failed, and people know of nothing. */
export const asksAgeSeconds = 300;

/** The topic that people subscribe to, and the queues before it. */
export class NoticesTopic extends Construct {
  readonly topic: Topic;
  /** Requests that began to wait and that nobody was told of yet. */
  readonly asks: Queue;
  /** What could not be told. */
  readonly untold: Queue;

  constructor(scope: Construct, id: string, { stage }: { readonly stage: Stage }) {
    super(scope, id);
    this.untold = deadLetters(this, "UntoldAsks");
    this.asks = new Queue(this, "Asks", {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(1),
      visibilityTimeout: Duration.seconds(visibilitySeconds),
      deadLetterQueue: { queue: this.untold, maxReceiveCount: mostReceives },
    });
    // the account's key for SNS costs nothing and lets in whom IAM lets publish; services such as EventBridge cannot
    // use it, and none publishes here
    const key = Alias.fromAliasName(this, "Key", "alias/aws/sns");
    this.topic = new Topic(this, "Topic", {
      enforceSSL: true,
      masterKey: key,
    });
    onlyOne(this.topic, { action: "sns:Publish", sid: "OnlyNoticesPublishes", role: roleArn(stage, "notices") });
  }
}

/**
 * Tells people what began to wait for them: `approval.ask` on the audit bus ▸ rule ▸ queue ▸ this function, once a
 * minute ▸ topic. An event source mapping would call it for each message, or let each of its pollers collect a batch of
 * its own. It has no URL, and reads and decides nothing of an approval.
 */
export class Notices extends LanyardFunction {
  constructor(
    scope: Construct,
    id: string,
    props: ServiceFunctionProps & { readonly bus: EventBus; readonly told: NoticesTopic },
  ) {
    super(scope, id, { ...props, name: "notices" });
    const { state, told, bus } = props;
    const { topic, asks } = told;
    const actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage"];
    const why = "works off what began to wait for people";
    this.grant({ actions, on: [{ name: "Asks", arn: asks.queueArn }], why }, { askQueue: asks.queueUrl });
    this.grant(
      { actions: ["sns:Publish"], on: [{ name: "Topic", arn: topic.topicArn }], why: "tells people what waits" },
      { noticesTopic: topic.topicArn },
    );
    state.tables.grantTold(this);
    busToQueue(this, "Asked", {
      ...{ bus, description: "Every request that begins to wait for people, to whoever tells them" },
      // a request waits for a quarter of an hour; of its record Lanyard's own columns are enough
      ...{ operations: ["approval.ask"], inputPath: "$.detail.unmapped.lanyard", triedSeconds: 900 },
      ...{ queue: asks, dead: told.untold },
    });
    new Rule(this, "OnSchedule", {
      description: "People are told what waits for them",
      schedule: Schedule.rate(Duration.minutes(everyMinutes)),
      // the next minute tries again
      targets: [new LambdaFunction(this.function, { retryAttempts: 0 })],
    });
  }
}

/**
 * Without this, whoever may publish to any topic of the account could write to approvers in our name (threat 65). No
 * service of AWS publishes either: none has the role.
 */
function onlyOne(topic: Topic, { action, sid, role }: Record<"action" | "sid" | "role", string>): void {
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid,
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: [action],
      resources: [topic.topicArn],
      conditions: { ArnNotEquals: { "aws:PrincipalArn": role } },
    }),
  );
}
