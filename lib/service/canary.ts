import { Aws, Duration, RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, Billing, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Rule, RuleTargetInput, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { acknowledgeTargetGrant } from "../acknowledged.ts";
import { rows } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { roleArn, rolesPrefix } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";
import { onlyTheseWrite } from "../state/table-policy.ts";
import { TargetRole } from "../targets/target-role.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/** How often the canary runs, in minutes. */
const canaryMinutes = 5;

/** Name of the agent, and of the one row its AWS role may read. Also in `core/model/canary.ts`, with which a test compares. */
export const canaryNames = { agent: "lanyard-canary", ownKey: "own", lifetimeSeconds: 300 } as const;

/** Names of what its registrations name before it is made. Also in `bin/lanyard/canary/registrations.ts`. */
const canaryTableName = ({ name }: Pick<Stage, "name">): string => `lanyard-${name}-canary`;
const canaryTargetName = (stage: Pick<Stage, "name" | "region">): string => `${rolesPrefix(stage)}canary-target`;

/** Whether the stage lends roles of its own account, in which the canary's is. */
const lendsToCanary = ({ account, awsCredentials }: Stage): boolean =>
  account !== undefined && awsCredentials?.accounts.includes(account) === true;

/**
 * The revocation canary. Its function has one right, to write its own table; all else it does as any agent may, by its
 * registrations and its evidence, which needs no right. The AWS role that its sessions get may read one row, which
 * nobody writes.
 */
export class Canary extends LanyardFunction {
  readonly table: TableV2;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "canary" });
    const { stage, issuer } = props;
    this.table = new TableV2(this, "Runs", {
      tableName: canaryTableName(stage),
      partitionKey: { name: "kind", type: AttributeType.STRING },
      sortKey: { name: "at", type: AttributeType.STRING },
      timeToLiveAttribute: "expiresAt",
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // what operators read of it is believed: nobody else of the account may say that refusals come fast
      resourcePolicy: onlyTheseWrite(() => [roleArn(stage, "canary")]),
      // a week of measurements, which CloudWatch has too
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.tell({ issuer });
    this.grant(
      {
        actions: ["dynamodb:PutItem"],
        on: [{ name: "Canary", arn: this.table.tableArn }],
        conditions: rows("run"),
        why: "keeps what it measured",
      },
      { canaryTable: this.table.tableName },
    );
    if (lendsToCanary(stage)) this.lend(stage);
    this.every(Duration.minutes(canaryMinutes), "EveryFewMinutes", {});
    if (lendsToCanary(stage)) this.every(Duration.hours(1), "EveryHour", { aws: true });
  }

  /** Lets operators read what was measured. */
  showTo(reader: LanyardFunction): void {
    reader.grant(
      {
        actions: ["dynamodb:Query"],
        on: [{ name: "Canary", arn: this.table.tableArn }],
        conditions: rows("run"),
        why: "shows operators what the canary measured",
      },
      { canaryTable: this.table.tableName },
    );
  }

  /** Makes the role that its sessions get, and tells the function how long its credentials live. */
  private lend(stage: Stage): void {
    const { account = Aws.ACCOUNT_ID, region, trustDomain, name, awsCredentials, canary } = stage;
    const target = new TargetRole(this, "Target", {
      lanyard: { account, region, stage: name, trustDomain },
      agents: [canaryNames.agent],
      roleName: canaryTargetName(stage),
      description: `Sessions of the revocation canary of Lanyard ${name}: one row that nobody writes`,
      statements: [
        new PolicyStatement({
          actions: ["dynamodb:GetItem"],
          resources: [this.table.tableArn],
          conditions: rows(canaryNames.ownKey),
        }),
      ],
      stopWriter: canary?.stopWriter ?? false,
    });
    acknowledgeTargetGrant(target.grant);
    this.tell({ awsCredentialsLifeSeconds: String(awsCredentials?.lifeSeconds) });
  }

  private every(period: Duration, id: string, input: object): void {
    new Rule(this, id, {
      description: "A session is revoked, and looked for",
      schedule: Schedule.rate(period),
      targets: [new LambdaFunction(this.function, { retryAttempts: 0, event: RuleTargetInput.fromObject(input) })],
    });
  }
}

/** A stop at AWS that takes so long was none: where credentials live no longer, nothing is denied. */
const stopSeconds = 120;

/** How soon what was revoked must be refused, in milliseconds, by place. */
export function canaryBounds(stage: Stage): Readonly<Record<string, number>> {
  const lifeSeconds = Math.min(stage.awsCredentials?.lifeSeconds ?? 0, canaryNames.lifetimeSeconds);
  // by the end of the credentials a stop that fails would never be told
  const awsSeconds = stage.canary?.stopWriter ? stopSeconds : lifeSeconds + 5;
  return {
    // the next request, however slow: after an accepted one the canary asks again only when this has passed
    Introspection: 10_000,
    // publishing, with eight seconds for it, then what a list and its caches are believed for
    Offline: 15_000,
    ...(lendsToCanary(stage) && { Credentials: 10_000, Aws: awsSeconds * 1_000 }),
  };
}
