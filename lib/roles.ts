/** Roles that policies of other stacks must name before they exist. */
import { Aws } from "aws-cdk-lib";
import type { Stage } from "./stage.ts";

/** Roles with a fixed name: those that a key, the bus or the bucket lets in. `sealer` comes later. */
export type NamedRole =
  | "attest"
  | "attest-iam"
  | "token"
  | "introspect"
  | "revoke"
  | "publisher"
  | "rotator"
  | "admin-rotate"
  | "relay"
  | "transmitter"
  | "firehose"
  | "sealer";

/** The role's name; State must not depend on the stack that makes the role, so the name is derived, never referenced. */
export const roleName = (stage: Stage, role: NamedRole): string => `lanyard-${stage.name}-${role}`;

/** The role's ARN, as `aws:PrincipalArn` gives it for every session of that role. */
export const roleArn = (stage: Stage, role: NamedRole): string =>
  `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/${roleName(stage, role)}`;
