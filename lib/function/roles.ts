/** Roles that policies of other stacks must name before the roles exist. */
import { Aws } from "aws-cdk-lib";
import type { NamedRoleFunction } from "../../lambdas/manifest.ts";
import type { Stage } from "../settings/stage.ts";

/** Roles with a fixed name: those that the policy of a key, a table, the bus or the bucket names. */
export type NamedRole = NamedRoleFunction | "firehose" | "operator-kill";

/**
 * The role's name; State must not depend on the stack that creates the role, so the name is computed and never
 * referenced. It contains the Region, since roles belong to the account and the same stage may exist in two of its
 * Regions.
 */
export const roleName = (stage: Pick<Stage, "name" | "region">, role: NamedRole): string =>
  `${rolesPrefix(stage)}${role}`;

/** The beginning of the names of this deployment's roles, and of no others. */
export const rolesPrefix = (stage: Pick<Stage, "name" | "region">): string => `lanyard-${stage.name}-${stage.region}-`;

/** The role's ARN, as `aws:PrincipalArn` shows it for every session of that role. */
export const roleArn = (stage: Stage, role: NamedRole): string =>
  `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/${roleName(stage, role)}`;
