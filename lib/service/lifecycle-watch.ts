import { Duration } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { Construct } from "constructs";
import { LanyardFunction } from "../function/lanyard-function.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/**
 * How often the watch runs, in minutes: several times within the day for which rows of sessions are kept, so that one
 * run may fail.
 */
export const lifecycleWatchMinutes = 360;

/**
 * Reports active agents whose review is overdue, and those without sessions. It has no URL, changes no agent, and
 * writes only its own rows, together with what it reports.
 */
export class LifecycleWatch extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "lifecycle-watch" });
    this.tell({ dormantAfterDays: String(props.stage.dormantAfterDays) });
    const { tables } = props.state;
    tables.grantRegistryRead(this);
    tables.grantDeploymentRead(this);
    tables.grantTraces(this);
    tables.grantSubjectWalk(this);
    tables.grantRecordsOfChanges(this);
    new Rule(this, "OnSchedule", {
      description: "Agents' reviews and silence are looked at",
      schedule: Schedule.rate(Duration.minutes(lifecycleWatchMinutes)),
      targets: [new LambdaFunction(this.function, { retryAttempts: 2 })],
    });
  }
}
