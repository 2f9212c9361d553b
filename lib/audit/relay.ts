import type { EventBus } from "aws-cdk-lib/aws-events";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { allow, allowDataKey } from "../allow.ts";
import { LanyardFunction } from "../lanyard-function.ts";
import type { Stage } from "../stage.ts";
import type { StateStack } from "../state-stack.ts";
import { feed } from "../stream.ts";

/** The function that carries records from the Outbox to the bus. */
export function relay(
  scope: Construct,
  stage: Stage,
  dist: string,
  state: StateStack,
  bus: EventBus,
): { relay: LanyardFunction; failures: IQueue } {
  const made = new LanyardFunction(scope, "Relay", {
    stage,
    dist,
    name: "relay",
    namedRole: "relay",
    description: "Carries audit records from the outbox to the bus",
    environment: { auditBus: bus.eventBusName },
    memoryMegabytes: 512,
    timeoutSeconds: 30,
  });
  allow(made.role, ["events:PutEvents"], [bus.eventBusArn]);
  allowDataKey(made.role, state.keys.data);
  // every record comes twice: when it is written, and as REMOVE when its time is over
  const { failures } = feed(made, state.tables.outbox, { eventName: ["INSERT"] }, 4);
  return { relay: made, failures };
}
