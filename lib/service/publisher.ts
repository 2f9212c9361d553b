import { Duration } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { deadLetters, feed } from "../function/stream.ts";
import { parallelism } from "../settings/concurrency.ts";
import { useKeyring } from "../state/keyring.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/** How often all lists are signed again, in minutes; they live two minutes. */
export const publisherMinutes = 1;

/** Writes only: a row that expires ends nothing. */
const written = { eventName: ["INSERT", "MODIFY"] };

/**
 * Updates and signs status lists, on every revocation and every minute. It has no URL, since its key is at `jwks_uri`
 * (threat 3).
 */
export class Publisher extends LanyardFunction {
  readonly failures: IQueue;

  /** @param props with `awsStop` where credentials at AWS are stopped: it runs when there is something new to stop */
  constructor(
    scope: Construct,
    id: string,
    { awsStop, ...props }: ServiceFunctionProps & { readonly awsStop?: LanyardFunction | undefined },
  ) {
    super(scope, id, { ...props, name: "publisher" });
    this.tell({ issuer: props.issuer });
    const { tables } = props.state;
    tables.grantSessionWalk(this);
    tables.grantSessionRead(this);
    // to know how far in the future sessions may end
    tables.grantDeploymentRead(this);
    tables.grantListWrite(this);
    useKeyring(this, props, "status");
    if (awsStop) {
      this.tell({ awsOwnRoles: String(props.stage.awsCredentials?.webIdentity === true) });
      tables.grantVendRead(this);
      const { functionArn, functionName } = awsStop.function;
      this.grant(
        {
          actions: ["lambda:InvokeFunction"],
          on: [{ name: "AwsStop", arn: functionArn }],
          why: "has what it noted stopped in AWS at once",
        },
        { awsStopFunction: functionName },
      );
    }
    this.failures = deadLetters(this, "Failures");
    const { publisher: parallelization } = parallelism(props.stage);
    // a walk is stored before it begins, so the stream need not repeat a batch often: a bad row would hold up its shard
    // for minutes
    const fed = { tables, filter: written, parallelization, retryAttempts: 6, failures: this.failures };
    feed(this, { ...fed, table: "tombstones", id: "Tombstones" });
    feed(this, { ...fed, table: "revocations", id: "Revocations" });
    new Rule(this, "EveryMinute", {
      description: "Status lists are signed anew, since they live two minutes",
      schedule: Schedule.rate(Duration.minutes(publisherMinutes)),
      targets: [new LambdaFunction(this.function, { retryAttempts: 0 })],
    });
  }
}
