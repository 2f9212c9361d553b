import { Duration } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { Construct } from "constructs";
import { LanyardFunction } from "../function/lanyard-function.ts";
import type { Stage } from "../settings/stage.ts";
import { denyPolicyArns, writerArn } from "../targets/deny-policies.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/** How often deny policies are compared with what is to be stopped, in minutes. */
const awsStopMinutes = 1;

/** Credentials that live no longer than this end by themselves before a stop would be everywhere in IAM. */
const leastLeftSeconds = 120;

/**
 * Whether credentials of a stage live long enough to be stopped; otherwise there is no such function. Those of roles that
 * agents take by themselves always do.
 */
export const stopsInAws = ({ awsCredentials }: Stage): boolean =>
  awsCredentials !== undefined && (awsCredentials.lifeSeconds > leastLeftSeconds || awsCredentials.webIdentity);

/**
 * Writes into each account's deny policies whose credentials are stopped, through the account's writer role. It has no
 * URL; the publisher invokes it, and a schedule.
 */
export class AwsStop extends LanyardFunction {
  constructor(
    scope: Construct,
    id: string,
    {
      awsCredentials: { accounts },
      ...props
    }: ServiceFunctionProps & { readonly awsCredentials: NonNullable<Stage["awsCredentials"]> },
  ) {
    super(scope, id, { ...props, name: "aws-stop" });
    const of = { stage: props.stage.name, region: props.stage.region };
    const { tables } = props.state;
    tables.grantStopsRead(this);
    tables.grantRefusals(this);
    this.grant(
      {
        actions: ["sts:AssumeRole"],
        on: accounts.map((account) => ({ name: `stop writer of ${account}`, arn: writerArn(of, account) })),
        why: "writes whose credentials are stopped, as the account's one role that may",
      },
      {
        awsAccounts: accounts.join(","),
        stopWriter: writerArn(of, "{account}"),
        denyPolicies: denyPolicyArns(of, "{account}").join(","),
      },
    );
    new Rule(this, "EveryMinute", {
      description: "Deny policies that somebody changed are written anew",
      schedule: Schedule.rate(Duration.minutes(awsStopMinutes)),
      targets: [new LambdaFunction(this.function, { retryAttempts: 0 })],
    });
  }
}
