import { CfnRule, type EventBus } from "aws-cdk-lib/aws-events";
import { AnyPrincipal, Effect, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";

/** Which records of the audit bus go into a queue. */
interface Queued {
  readonly bus: EventBus;
  readonly description: string;
  /** Operations whose allowed records go there. */
  readonly operations: readonly string[];
  /** What of an event is sent. */
  readonly inputPath: string;
  /** How long EventBridge goes on trying. */
  readonly triedSeconds: number;
  readonly queue: Queue;
  /** Takes what could not be sent. */
  readonly dead: Queue;
  /** ARN of the one role that may send there beside the rule. */
  readonly sender?: string;
}

/**
 * Sends records from the audit bus into a queue, and lets nobody else send there: whoever may send to any queue of the
 * account could have its reader say in our name what never happened (threats 23 and 65). Only the relay may put events
 * on the bus.
 */
export function busToQueue(scope: Construct, id: string, queued: Queued): void {
  const { bus, description, operations, inputPath, triedSeconds, queue, dead, sender } = queued;
  const rule = new CfnRule(scope, id, {
    eventBusName: bus.eventBusName,
    description,
    eventPattern: {
      source: ["lanyard"],
      detail: { unmapped: { lanyard: { operation: operations, outcome: ["allowed"] } } },
    },
    targets: [
      {
        id: queue.node.id,
        arn: queue.queueArn,
        inputPath,
        deadLetterConfig: { arn: dead.queueArn },
        retryPolicy: { maximumEventAgeInSeconds: triedSeconds, maximumRetryAttempts: 185 },
      },
    ],
  });
  for (const to of [queue, dead])
    to.addToResourcePolicy(
      new PolicyStatement({
        sid: "TheRuleSends",
        principals: [new ServicePrincipal("events.amazonaws.com")],
        actions: ["sqs:SendMessage"],
        resources: [to.queueArn],
        conditions: { ArnEquals: { "aws:SourceArn": rule.attrArn } },
      }),
    );
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: "NobodyElseSends",
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ["sqs:SendMessage"],
      resources: [queue.queueArn],
      conditions: {
        ...(sender === undefined ? {} : { ArnNotEquals: { "aws:PrincipalArn": sender } }),
        Bool: { "aws:PrincipalIsAWSService": "false" },
      },
    }),
  );
}
