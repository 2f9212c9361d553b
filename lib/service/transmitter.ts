import { Aws, Duration } from "aws-cdk-lib";
import { CfnRule, type EventBus } from "aws-cdk-lib/aws-events";
import { AnyPrincipal, Effect, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { EventSourceMapping } from "aws-cdk-lib/aws-lambda";
import { type IQueue, Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { acknowledgeReceiverSecrets } from "../acknowledged.ts";
import { allow, allowDataKey, allowRefusals, allowTable } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { roleArn } from "../function/roles.ts";
import { deadLetters } from "../function/stream.ts";
import { parallelism } from "../settings/concurrency.ts";
import { useKeyring } from "../state/keyring.ts";
import type { Ground } from "./ground.ts";

/** The transmitter, its queue, and the queue of what it could not deliver. */
export interface Transmitting {
  readonly transmitter: LanyardFunction;
  readonly queue: IQueue;
  readonly undelivered: IQueue;
}

const timeoutSeconds = 30;
/** Lambda wants a queue to keep a message back six times as long as its function may run. */
const visibilitySeconds = 6 * timeoutSeconds;
/** About an hour of repetitions; then the transmitter gives up, and says so in the audit trail. */
const tries = 18;
/** The queue itself sets a message aside only where the transmitter could not: nobody writes that down. */
const mostReceives = 20;
/** Well past that hour: who is older is not worked off at all, and dropped when the queue has kept it for a day. */
export const eventsAgeSeconds = 2 * 3_600;

/**
 * Pushes security events to registered receivers (SSF, CAEP, RFC 8935): revocations on the audit bus ▸ rule ▸ queue ▸
 * this function ▸ receivers. It has no URL, and its keys stand in a key set of their own (threat 3).
 */
export function transmitter(ground: Ground, bus: EventBus): Transmitting {
  const { scope, stage, dist, state, issuer } = ground;
  const { tables, keys } = state;
  const undelivered = deadLetters(scope, "UndeliveredEvents");
  const queue = new Queue(scope, "Events", {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(1),
    visibilityTimeout: Duration.seconds(visibilitySeconds),
    deadLetterQueue: { queue: undelivered, maxReceiveCount: mostReceives },
  });
  const secrets = `/lanyard/${stage.name}/receivers/`;
  const made = new LanyardFunction(scope, "Transmitter", {
    stage,
    dist,
    name: "transmitter",
    namedRole: "transmitter",
    description: "Pushes security events to receivers",
    environment: {
      issuer,
      sessionsTable: tables.sessions.tableName,
      subjectsTable: tables.subjects.tableName,
      tombstonesTable: tables.tombstones.tableName,
      revocationsTable: tables.revocations.tableName,
      registryTable: tables.registry.tableName,
      eventQueue: queue.queueUrl,
      undeliveredEventQueue: undelivered.queueUrl,
      eventSecrets: secrets,
      eventTries: String(tries),
      outboxTable: tables.outbox.tableName,
    },
    timeoutSeconds,
  });
  const { role } = made;
  allowTable(role, tables.sessions, ["Query"]);
  allowTable(role, tables.subjects, ["Query"]);
  allowTable(role, tables.tombstones, ["BatchGetItem"]);
  allowTable(role, tables.revocations, ["BatchGetItem"]);
  allowTable(role, tables.registry, ["Query"]);
  allowRefusals(role, tables.outbox);
  useKeyring(made, stage, state, "events");
  allow(role, ["ssm:GetParameter"], [`arn:${Aws.PARTITION}:ssm:${Aws.REGION}:${Aws.ACCOUNT_ID}:parameter${secrets}*`]);
  acknowledgeReceiverSecrets(role, secrets);
  allow(role, ["sqs:SendMessage"], [queue.queueArn, undelivered.queueArn]);
  allow(role, ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], [queue.queueArn]);
  allowDataKey(role, keys.data);
  work(made, queue, parallelism(stage).transmitter);
  rule(made, queue, undelivered, bus, roleArn(stage, "transmitter"));
  return { transmitter: made, queue, undelivered };
}

function work(made: LanyardFunction, queue: Queue, maxConcurrency: number): void {
  const mapping = new EventSourceMapping(made, "Queue", {
    target: made.function,
    eventSourceArn: queue.queueArn,
    batchSize: 5,
    // receivers that are slow must not take the account's concurrency with them
    maxConcurrency,
    reportBatchItemFailures: true,
  });
  mapping.node.addDependency(made.role);
}

function rule(made: LanyardFunction, queue: Queue, undelivered: Queue, bus: EventBus, sender: string): void {
  const revocations = new CfnRule(made, "Revocations", {
    eventBusName: bus.eventBusName,
    description: "Every revocation, to the transmitter of security events",
    // only the relay may put events on this bus
    eventPattern: {
      source: ["lanyard"],
      detail: { unmapped: { lanyard: { operation: ["revoke", "session.end"], outcome: ["allowed"] } } },
    },
    targets: [
      {
        id: "Events",
        arn: queue.queueArn,
        inputPath: "$.detail",
        deadLetterConfig: { arn: undelivered.queueArn },
        retryPolicy: { maximumEventAgeInSeconds: 86_400, maximumRetryAttempts: 185 },
      },
    ],
  });
  for (const to of [queue, undelivered]) {
    to.addToResourcePolicy(
      new PolicyStatement({
        sid: "TheRuleSends",
        principals: [new ServicePrincipal("events.amazonaws.com")],
        actions: ["sqs:SendMessage"],
        resources: [to.queueArn],
        conditions: { ArnEquals: { "aws:SourceArn": revocations.attrArn } },
      }),
    );
  }
  // whoever may send to any queue of the account could otherwise have us sign and push what never was revoked
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: "OnlyRuleAndTransmitterSend",
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ["sqs:SendMessage"],
      resources: [queue.queueArn],
      conditions: { ArnNotEquals: { "aws:PrincipalArn": sender }, Bool: { "aws:PrincipalIsAWSService": "false" } },
    }),
  );
}
