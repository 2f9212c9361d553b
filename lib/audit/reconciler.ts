import { Duration } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { type FunctionProps, LanyardFunction } from "../function/lanyard-function.ts";
import type { StateStack } from "../state/state-stack.ts";
import { tellOfFindings } from "./findings.ts";

/** What the reconciler is made from. */
interface ReconcilerProps extends FunctionProps {
  readonly state: StateStack;
  /** Receives what is found wrong with the trail. */
  readonly findings: Queue;
}

/** Looks every five minutes for what is missing in the trail. It reads, and writes only what it remembers. */
export class Reconciler extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ReconcilerProps) {
    super(scope, id, { ...props, name: "reconciler" });
    const { stage, state, findings } = props;
    this.tell({ deliverySeconds: String(stage.delivery.bufferSeconds) });
    state.tables.grantReconciling(this);
    tellOfFindings(this, findings);
    new Rule(this, "OnSchedule", {
      description: "What is missing in the trail is looked for",
      schedule: Schedule.rate(Duration.minutes(5)),
      targets: [new LambdaFunction(this.function, { retryAttempts: 0 })],
    });
  }
}
