import { Aws } from "aws-cdk-lib";
import { acknowledgeTasks, acknowledgeVersions } from "../acknowledged.ts";
import { allow } from "../function/grant.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";
import type { Stage } from "../settings/stage.ts";

/**
 * Lets a function look at what the stage names: published versions of its functions, tasks of its clusters and the trust
 * of those tasks' roles. Nothing when the stage names nothing.
 */
export function allowLookups({ role }: LanyardFunction, { codeLookup: { lambda, ecs } }: Stage): void {
  const regional = (service: string, path: string) =>
    `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${path}`;
  if (lambda) {
    // a version is named by a qualifier, which is part of the resource that IAM checks
    const versions = lambda.functions.map((name) => regional("lambda", `function:${name}:*`));
    allow(role, ["lambda:GetFunctionConfiguration"], versions);
    acknowledgeVersions(role, lambda.functions);
  }
  if (!ecs) return;
  // a task's id is not known before it runs
  allow(
    role,
    ["ecs:DescribeTasks"],
    ecs.clusters.map((name) => regional("ecs", `task/${name}/*`)),
  );
  acknowledgeTasks(role, ecs.clusters);
  allow(
    role,
    ["iam:GetRole"],
    ecs.roles.map((path) => `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/${path}`),
  );
}
