import { Aws } from "aws-cdk-lib";
import { acknowledgeTasks, acknowledgeVersions } from "../acknowledged.ts";
import type { Target } from "../function/grant.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";
import type { Stage } from "../settings/stage.ts";

/**
 * Lets a function look up what the stage names, and sets the variables for it: published versions of functions, tasks
 * of clusters, and the trust policies of those tasks' roles. Without names in the stage it grants nothing.
 */
export function grantLookups(of: LanyardFunction, { codeLookup }: Stage): void {
  const { lambda, ecs } = codeLookup;
  const named = Object.entries(codeLookup).flatMap(([what, given]) => (given === undefined ? [] : [what]));
  if (named.length > 0) of.tell({ codeLookups: named.join(",") });
  if (lambda) {
    of.grant({
      actions: ["lambda:GetFunctionConfiguration"],
      // IAM checks the version, the function's qualifier, as part of the resource
      on: lambda.functions.map((name) => regional("lambda", `function:${name}:*`)),
      why: "binds agents to the code of the functions that the stage names",
    });
    acknowledgeVersions(of.role, lambda.functions);
  }
  if (!ecs) return;
  of.grant({
    actions: ["ecs:DescribeTasks"],
    // the id of a task is not known before it runs
    on: ecs.clusters.map((name) => regional("ecs", `task/${name}/*`)),
    why: "binds agents to the images of the clusters that the stage names",
  });
  acknowledgeTasks(of.role, ecs.clusters);
  of.grant({
    actions: ["iam:GetRole"],
    on: ecs.roles.map((path) => target(`role/${path}`, `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/${path}`)),
    why: "reads who may take the roles of those tasks",
  });
}

const target = (name: string, arn: string): Target => ({ name, arn });

const regional = (service: string, path: string): Target =>
  target(path, `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${path}`);
