import { Aws, Duration } from "aws-cdk-lib";
import type { EventBus } from "aws-cdk-lib/aws-events";
import { EventSourceMapping } from "aws-cdk-lib/aws-lambda";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { functions } from "../../lambdas/manifest.ts";
import { acknowledgeReceiverSecrets } from "../acknowledged.ts";
import { busToQueue } from "../function/bus-queue.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { roleArn } from "../function/roles.ts";
import { deadLetters } from "../function/stream.ts";
import { parallelism } from "../settings/concurrency.ts";
import { useKeyring } from "../state/keyring.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

const { timeoutSeconds } = functions.transmitter;
/** AWS recommends that a queue hides a message for six times as long as its function may run. */
const visibilitySeconds = 6 * timeoutSeconds;
/** About an hour of repetitions; then the transmitter gives up, and records that in the audit. */
const tries = 18;
/**
 * The queue's own limit. It sets a message aside only where the transmitter could not, since then no record is written.
 */
const mostReceives = 20;
/**
 * Age of a message at which an alarm rings, well past that hour: older messages are not being handled at all, and the
 * queue drops them after a day.
 */
export const eventsAgeSeconds = 2 * 3_600;

/** Queues of the messages to deliver, and of those that could not be delivered. */
export class EventQueues {
  readonly events: Queue;
  readonly undelivered: Queue;

  constructor(scope: Construct) {
    this.undelivered = deadLetters(scope, "UndeliveredEvents");
    this.events = new Queue(scope, "Events", {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(1),
      visibilityTimeout: Duration.seconds(visibilitySeconds),
      deadLetterQueue: { queue: this.undelivered, maxReceiveCount: mostReceives },
    });
  }
}

/**
 * Pushes security events to registered receivers (SSF, CAEP, RFC 8935): revocations on the audit bus ▸ rule ▸ queue ▸
 * this function ▸ receivers. It has no URL, and its keys are in a separate key set (threat 3).
 */
export class Transmitter extends LanyardFunction {
  constructor(
    scope: Construct,
    id: string,
    props: ServiceFunctionProps & { readonly bus: EventBus; readonly queues: EventQueues },
  ) {
    super(scope, id, { ...props, name: "transmitter" });
    const { stage, state, queues } = props;
    const { tables } = state;
    this.tell({ issuer: props.issuer, eventTries: String(tries) });
    tables.grantSessionWalk(this);
    tables.grantEndsRead(this);
    tables.grantRegistryRead(this);
    tables.grantRefusals(this);
    useKeyring(this, props, "events");
    this.grantSecrets(`/lanyard/${stage.name}/receivers/`);
    this.grantQueues(queues);
    work(this, queues.events, parallelism(stage).transmitter);
    busToQueue(this, "Revocations", {
      ...{ bus: props.bus, description: "Every revocation, to the transmitter of security events" },
      ...{ operations: ["revoke", "session.end"], inputPath: "$.detail", triedSeconds: 86_400 },
      ...{ queue: queues.events, dead: queues.undelivered, sender: roleArn(stage, "transmitter") },
    });
  }

  private grantSecrets(path: string): void {
    const arn = `arn:${Aws.PARTITION}:ssm:${Aws.REGION}:${Aws.ACCOUNT_ID}:parameter${path}*`;
    const why = "reads the secrets of the receivers";
    this.grant({ actions: ["ssm:GetParameter"], on: [{ name: `${path}*`, arn }], why }, { eventSecrets: path });
    acknowledgeReceiverSecrets(this.role, path);
  }

  private grantQueues({ events, undelivered }: EventQueues): void {
    const queue = { name: "Events", arn: events.queueArn };
    const dead = { name: "UndeliveredEvents", arn: undelivered.queueArn };
    this.grant(
      { actions: ["sqs:SendMessage"], on: [queue, dead], why: "sends an event again, or sets it aside" },
      { eventQueue: events.queueUrl, undeliveredEventQueue: undelivered.queueUrl },
    );
    const actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
    this.grant({ actions, on: [queue], why: "its mapping works the queue off", byAws: true });
  }
}

function work(made: LanyardFunction, queue: Queue, maxConcurrency: number): void {
  const mapping = new EventSourceMapping(made, "Queue", {
    target: made.function,
    eventSourceArn: queue.queueArn,
    batchSize: 5,
    // slow receivers must not use up the account's concurrency
    maxConcurrency,
    reportBatchItemFailures: true,
  });
  mapping.node.addDependency(made.role);
}
