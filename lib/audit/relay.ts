import type { EventBus } from "aws-cdk-lib/aws-events";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IQueue, Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { allow, allowDataKey } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { roleArn } from "../function/roles.ts";
import { deadLetters, feed } from "../function/stream.ts";
import { parallelism } from "../settings/concurrency.ts";
import type { Stage } from "../settings/stage.ts";
import type { StateStack } from "../state/state-stack.ts";

/** The relay and the queues behind it. */
export interface Relayed {
  readonly relay: LanyardFunction;
  /** Places in the stream that Lambda gave up; never a record. */
  readonly failures: IQueue;
  /** Records that the bus refuses for good, whole. */
  readonly refused: IQueue;
}

/** The function that carries records from the Outbox to the bus. */
export function relay(scope: Construct, stage: Stage, dist: string, state: StateStack, bus: EventBus): Relayed {
  const refused = deadLetters(scope, "Refused");
  onlyTheRelaySends(refused, stage);
  const made = new LanyardFunction(scope, "Relay", {
    stage,
    dist,
    name: "relay",
    namedRole: "relay",
    description: "Carries audit records from the outbox to the bus",
    environment: { auditBus: bus.eventBusName, refusedQueue: refused.queueUrl },
    memoryMegabytes: 512,
    timeoutSeconds: 30,
  });
  allow(made.role, ["events:PutEvents"], [bus.eventBusArn]);
  allow(made.role, ["sqs:SendMessage"], [refused.queueArn]);
  allowDataKey(made.role, state.keys.data);
  // every record comes twice: when it is written, and as REMOVE when its time is over
  const { failures } = feed(made, state.tables.outbox, {
    filter: { eventName: ["INSERT"] },
    parallelization: parallelism(stage).relay,
  });
  return { relay: made, failures, refused };
}

/** Whoever may send to any queue of the account could otherwise place forged records among the refused (threat 23). */
function onlyTheRelaySends(queue: Queue, stage: Stage): void {
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: "OnlyTheRelaySends",
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ["sqs:SendMessage"],
      resources: [queue.queueArn],
      conditions: { ArnNotEquals: { "aws:PrincipalArn": roleArn(stage, "relay") } },
    }),
  );
}
