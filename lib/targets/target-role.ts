import { Annotations, Aws, Duration } from "aws-cdk-lib";
import {
  Effect,
  type IGrantable,
  type IManagedPolicy,
  type IPrincipal,
  ManagedPolicy,
  PolicyStatement,
  Role,
} from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import type { DeployedLanyard } from "./deployed.ts";
import { sourceIdentities, targetPath, trustOf } from "./trust.ts";

/** A role for sessions of Lanyard's agents. */
export interface TargetRoleProps {
  /** The deployment whose sessions may have it: another account's as well as this one's. */
  readonly lanyard: DeployedLanyard;
  /** Names of the agents that may have it, as that deployment's registry names them; whoever else is registered there may not. */
  readonly agents: readonly string[];
  /**
   * The most that any session may do with it; every session's own policy narrows it further. What is granted to the
   * construct (`bucket.grantRead(target)`) is added. Nothing that anybody attaches to the role adds to it.
   */
  readonly statements?: readonly PolicyStatement[];
  /** Name of the role; CloudFormation makes one when it is left out. Its path is `/lanyard/target/`. */
  readonly roleName?: string;
  readonly description?: string;
  /**
   * The organization's own boundary instead of the grant. Nothing then keeps a policy that is attached to the role from
   * adding to it, so that Lanyard's deny policies must not be attached: the surgical stop is off for this role, and says so.
   */
  readonly boundary?: IManagedPolicy;
}

/**
 * A role whose credentials Lanyard gives to sessions of the agents named (`aws-role` in the registry), in any account.
 *
 * @example
 * const files = new TargetRole(this, "TicketFiles", {
 *   lanyard: { account: "111122223333", region: "eu-west-1", stage: "prod", trustDomain: "agents.example.com" },
 *   agents: ["planner"],
 * });
 * bucket.grantRead(files);
 */
export class TargetRole extends Construct implements IGrantable {
  /** ARN for the registry's `aws-role`. */
  readonly roleArn: string;
  /** The role; policies that are attached to it can take away, and add nothing. */
  readonly role: Role;
  /** What it may at most: attached to the role, and its permissions boundary. */
  readonly grant: ManagedPolicy;
  /** Whether sessions of this role can be stopped by deny policies that are attached to it. */
  readonly stop: "on" | "off";
  readonly grantPrincipal: IPrincipal;

  /** @throws on a deployment or agents that cannot be */
  constructor(scope: Construct, id: string, props: TargetRoleProps) {
    super(scope, id);
    const { lanyard, agents, statements = [], boundary } = props;
    this.grant = new ManagedPolicy(this, "Grant", {
      path: targetPath,
      description: "The most that sessions of Lanyard may with this role: its grant and its permissions boundary",
      statements: [...statements, ...bounds()],
    });
    const { assumedBy, beside } = trustOf(lanyard, agents);
    this.role = new Role(this, "Role", {
      path: targetPath,
      ...(props.roleName !== undefined && { roleName: props.roleName }),
      description: props.description ?? `Sessions of ${agents.join(", ")} of Lanyard ${lanyard.stage}`,
      assumedBy,
      // the least that IAM takes, and the most that one role gets for assuming another
      maxSessionDuration: Duration.hours(1),
      managedPolicies: [this.grant],
      permissionsBoundary: boundary ?? this.grant,
    });
    this.role.assumeRolePolicy?.addStatements(...beside);
    this.roleArn = this.role.roleArn;
    this.grantPrincipal = this.grant.grantPrincipal;
    this.stop = boundary === undefined ? "on" : "off";
    if (boundary !== undefined)
      Annotations.of(this).addWarningV2(
        "@lanyard-iam/cdk:stopOff",
        "The surgical stop is off for this role: its permissions boundary is not its own grant, so that a deny policy attached to it could be made to add rights. Its sessions end with their credentials.",
      );
  }
}

/** What holds of every session, whatever is granted; in the boundary, nothing attached to the role undoes it. */
const bounds = (): readonly PolicyStatement[] => [
  // by which Lanyard makes credentials short-lived; it can only narrow, and the last policy it puts on denies it
  new PolicyStatement({ sid: "FurtherSessionPolicies", actions: ["sts:GetScopedCredentials"], resources: ["*"] }),
  // another role has no deny policies of ours attached: a session that went on to it would walk out of a cut (threat 20)
  new PolicyStatement({
    sid: "OnlyTargetRoles",
    effect: Effect.DENY,
    actions: ["sts:AssumeRole"],
    notResources: [`arn:${Aws.PARTITION}:iam::*:role${targetPath}*`],
  }),
  // what nobody could be told for, and no cut would find
  new PolicyStatement({
    sid: "OnlyNamedSessions",
    effect: Effect.DENY,
    actions: ["*"],
    resources: ["*"],
    conditions: { StringNotLike: { "aws:SourceIdentity": sourceIdentities } },
  }),
];
