import type { EventBus } from "aws-cdk-lib/aws-events";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IQueue, Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { type FunctionProps, LanyardFunction } from "../function/lanyard-function.ts";
import { roleArn } from "../function/roles.ts";
import { feed } from "../function/stream.ts";
import { parallelism } from "../settings/concurrency.ts";
import type { Stage } from "../settings/stage.ts";
import type { StateStack } from "../state/state-stack.ts";

/** What the relay is made from. */
interface RelayProps extends FunctionProps {
  readonly state: StateStack;
  readonly bus: EventBus;
  /** Receives, whole, the records that the bus can never accept. */
  readonly refused: Queue;
}

/** The function that carries records from the Outbox to the bus. */
export class Relay extends LanyardFunction {
  /** Receives positions in the stream that Lambda gave up; never a record. */
  readonly failures: IQueue;

  constructor(scope: Construct, id: string, props: RelayProps) {
    super(scope, id, { ...props, name: "relay" });
    const { bus, refused, stage, state } = props;
    onlyTheRelaySends(refused, stage);
    this.grant(
      {
        actions: ["events:PutEvents"],
        on: [{ name: "Bus", arn: bus.eventBusArn }],
        why: "puts audit records on the bus",
      },
      { auditBus: bus.eventBusName },
    );
    this.grant(
      {
        actions: ["sqs:SendMessage"],
        on: [{ name: "Refused", arn: refused.queueArn }],
        why: "keeps whole what the bus refuses for good",
      },
      { refusedQueue: refused.queueUrl },
    );
    state.tables.grantLeafNotes(this);
    // every record appears twice in the stream: when it is written, and as REMOVE when it expires
    this.failures = feed(this, {
      tables: state.tables,
      table: "outbox",
      filter: { eventName: ["INSERT"] },
      parallelization: parallelism(stage).relay,
    }).failures;
  }
}

/**
 * Without this policy, anybody who may send to any queue of the account could put forged records among the refused ones
 * (threat 23).
 */
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
