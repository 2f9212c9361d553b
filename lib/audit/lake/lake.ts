import { Aws, CfnOutput, Stack } from "aws-cdk-lib";
import { CfnNamedQuery, CfnWorkGroup } from "aws-cdk-lib/aws-athena";
import { ManagedPolicy } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import { lakeNames, savedQueries, savedQuestions } from "../../../core/lineage/athena.ts";
import { acknowledgeAnalyst } from "../../acknowledged.ts";
import { rolesPrefix } from "../../function/roles.ts";
import type { Stage } from "../../settings/stage.ts";
import type { StateStack } from "../../state/state-stack.ts";
import { analystStatements, trailFolder } from "./analyst.ts";
import { LakeTables } from "./tables.ts";

/** What a lake is made from. */
interface LakeProps {
  readonly stage: Stage;
  readonly state: StateStack;
}

/**
 * What `lanyard audit query` and `lanyard trace` ask on AWS: tables, CloudTrail's too where the stage names its trail, a
 * workgroup that nobody can make dearer or less private, the queries for people, and a policy for whoever may ask. Idle
 * it costs nothing.
 */
export class Lake extends Construct {
  constructor(scope: Construct, id: string, { stage, state }: LakeProps) {
    super(scope, id);
    const { workgroup, database } = lakeNames(stage.name);
    const tables = new LakeTables(this, "Tables", { stage, bucket: state.auditBucket });
    const group = new CfnWorkGroup(this, "Workgroup", {
      name: workgroup,
      description: `lanyard ${stage.name}: questions to our audit, and traces through CloudTrail`,
      // its queries and their history go with it; no record does
      recursiveDeleteOption: true,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        bytesScannedCutoffPerQuery: stage.lake.scanGigabytes * 1e9,
        publishCloudWatchMetricsEnabled: false,
        requesterPaysEnabled: false,
        engineVersion: { selectedEngineVersion: "Athena engine version 3" },
        // Athena keeps results itself, encrypted and for a day: no second bucket that tells who did what
        managedQueryResultsConfiguration: { enabled: true },
      },
    });
    for (const { name, description, sql } of [...savedQuestions, ...(stage.cloudTrail ? savedQueries : [])]) {
      const query = new CfnNamedQuery(this, `Query-${name}`, {
        name: `lanyard ${name}`,
        description,
        database,
        queryString: sql,
        workGroup: workgroup,
      });
      query.addResourceDependency(group);
      query.node.addDependency(tables);
    }
    const statements = analystStatements({ stage, state });
    const analyst = new ManagedPolicy(this, "Analyst", {
      managedPolicyName: `${rolesPrefix(stage)}analyst`,
      description: "Reads this deployment's audit, and CloudTrail, by its workgroup in Athena, and changes nothing",
      statements,
    });
    acknowledgeAnalyst(analyst, {
      stateName: state.stackName,
      ...(stage.cloudTrail && { trail: trailFolder(stage.cloudTrail) }),
    });
    const stack = Stack.of(this);
    new CfnOutput(stack, "AnalystPolicyArn", { value: analyst.managedPolicyArn });
    new CfnOutput(stack, "TraceWorkgroup", { value: `${workgroup} (${Aws.REGION})` });
  }
}
