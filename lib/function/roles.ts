/** Roles that policies of other stacks must name before they exist. */
import { Aws } from "aws-cdk-lib";
import type { NamedRoleFunction } from "../../lambdas/manifest.ts";
import type { Stage } from "../settings/stage.ts";

/** Roles with a fixed name: those that a key, a table, the bus or the bucket lets in. */
export type NamedRole = NamedRoleFunction | "firehose";

/**
 * The role's name; State must not depend on the stack that makes the role, so the name is derived, never referenced. It
 * carries the Region: roles are the account's, and the same stage may stand in two Regions of it.
 */
export const roleName = (stage: Stage, role: NamedRole): string => `${rolesPrefix(stage)}${role}`;

/** What the names of this deployment's roles begin with, and no other's. */
export const rolesPrefix = (stage: Stage): string => `lanyard-${stage.name}-${stage.region}-`;

/** The role's ARN, as `aws:PrincipalArn` gives it for every session of that role. */
export const roleArn = (stage: Stage, role: NamedRole): string =>
  `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/${roleName(stage, role)}`;
