import { Annotations, Aspects, Aws, Duration } from "aws-cdk-lib";
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
import { denyPolicyArns } from "./deny-policies.ts";
import type { DeployedLanyard } from "./deployed.ts";
import { StopWriter } from "./stop-writer.ts";
import { ownTrust, sourceIdentities, targetPath, trustOf } from "./trust.ts";

/** A role for sessions of Lanyard's agents. */
export interface TargetRoleProps {
  /** The deployment whose sessions may get its credentials, in this account or another one. */
  readonly lanyard: DeployedLanyard;
  /** Names of the agents that may get its credentials, as in that deployment's registry; other agents may not. */
  readonly agents: readonly string[];
  /**
   * The most that any session may do with it; each session's own policy narrows it further. Rights that are granted to
   * the construct (`bucket.grantRead(target)`) are added. Policies that somebody attaches to the role add nothing.
   */
  readonly statements?: readonly PolicyStatement[];
  /** Name of the role; CloudFormation chooses one when left out. Its path is `/lanyard/target/`. */
  readonly roleName?: string;
  readonly description?: string;
  /**
   * The organization's own boundary instead of the grant. Then a policy that is attached to the role can add rights, so
   * Lanyard's deny policies must not be attached: sessions of this role cannot be stopped by them, and `stop` says so.
   */
  readonly boundary?: IManagedPolicy;
  /**
   * The account's `StopWriter` where it is made by the same app, so that it is made first. False where the account has
   * none: the role is then created without the deny policies, and its sessions end with their credentials. That is enough
   * where these live two minutes at most, as they do unless the stage says otherwise.
   * @default true: the account has one, of this deployment. `cdk synth` warns unless this is said, or the app makes one
   */
  readonly stopWriter?: StopWriter | boolean;
  /**
   * Lets the role's one agent take it by itself as well, whole and for up to an hour, by a token of the deployment's issuer:
   * `exclusive` in the registry's `aws-role`. The account knows the issuer by a `StsIssuer`, and `roleName` must be given.
   * `issuer` is the issuer's URL, a literal. @default no agent takes it by itself
   */
  readonly webIdentity?: { readonly issuer: string };
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
  /** The role. Policies that are attached to it can remove rights, and add none. */
  readonly role: Role;
  /** The most it may do: attached to the role, and its permissions boundary. */
  readonly grant: ManagedPolicy;
  /** Whether sessions of this role can be stopped by deny policies that are attached to it. */
  readonly stop: "on" | "off";
  readonly grantPrincipal: IPrincipal;

  /** @throws for a deployment or agents that cannot exist */
  constructor(scope: Construct, id: string, props: TargetRoleProps) {
    super(scope, id);
    const { lanyard, agents, statements = [], boundary, stopWriter = true } = props;
    this.stop = stopWriter !== false && boundary === undefined ? "on" : "off";
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
      // the shortest that IAM accepts, and the longest that one role gets for assuming another
      maxSessionDuration: Duration.hours(1),
      managedPolicies: [this.grant, ...(this.stop === "on" ? this.denyPolicies(lanyard) : [])],
      permissionsBoundary: boundary ?? this.grant,
    });
    if (this.stop === "on" && stopWriter instanceof StopWriter) this.role.node.addDependency(stopWriter);
    const { webIdentity, roleName } = props;
    const own = webIdentity ? ownTrust({ lanyard, agents, roleName, issuer: webIdentity.issuer }) : [];
    this.role.assumeRolePolicy?.addStatements(...beside, ...own);
    if (this.stop === "on" && props.stopWriter === undefined) this.sayWhatMustBeThere(lanyard);
    this.roleArn = this.role.roleArn;
    this.grantPrincipal = this.grant.grantPrincipal;
    if (webIdentity && this.stop === "off")
      Annotations.of(this).addWarningV2(
        "@lanyard-iam/cdk:unstopped",
        "Its agent takes this role by itself, and there is no surgical stop for it: what the agent got lives up to an hour longer than its session, whatever is revoked.",
      );
    if (boundary !== undefined)
      Annotations.of(this).addWarningV2(
        "@lanyard-iam/cdk:stopOff",
        "The surgical stop is off for this role: its permissions boundary is not its own grant, so that a deny policy attached to it could be made to add rights. Its sessions end with their credentials.",
      );
  }

  /**
   * Says at synthesis what a deployment would fail of with no more than "policy … does not exist": whether the account
   * has a `StopWriter` no template can tell, unless this app makes one, and that is known once all of it is made.
   */
  private sayWhatMustBeThere({ stage, region }: DeployedLanyard): void {
    Aspects.of(this).add({
      visit: (node) => {
        if (node !== this || this.node.root.node.findAll().some((one) => one instanceof StopWriter)) return;
        Annotations.of(this).addWarningV2(
          "@lanyard-iam/cdk:stopWriter",
          `The role has the deny policies of the account's StopWriter of ${stage} in ${region} attached, and its deployment fails where the account has none. Deploy a StopWriter there first and say stopWriter: true, or do without a stop by stopWriter: false, which is enough where credentials live two minutes at most.`,
        );
      },
    });
  }

  /** Those of the account's `StopWriter`, by their names: it is usually in another stack, and made by another team. */
  private denyPolicies(lanyard: DeployedLanyard): readonly IManagedPolicy[] {
    return denyPolicyArns(lanyard).map((arn, shard) => ManagedPolicy.fromManagedPolicyArn(this, `Deny${shard}`, arn));
  }
}

/**
 * Denials for every session, whatever is granted; as part of the boundary, no policy attached to the role undoes them.
 */
const bounds = (): readonly PolicyStatement[] => [
  // Lanyard shortens the life of credentials by this call, which can only narrow them; the last policy it applies
  // denies it
  new PolicyStatement({ sid: "FurtherSessionPolicies", actions: ["sts:GetScopedCredentials"], resources: ["*"] }),
  // another role does not have our deny policies, so a session that assumed one would escape a cut (threat 20)
  new PolicyStatement({
    sid: "OnlyTargetRoles",
    effect: Effect.DENY,
    actions: ["sts:AssumeRole"],
    notResources: [`arn:${Aws.PARTITION}:iam::*:role${targetPath}*`],
  }),
  // credentials that nobody would know of, and that no cut would find
  new PolicyStatement({
    sid: "OnlyNamedSessions",
    effect: Effect.DENY,
    actions: ["*"],
    resources: ["*"],
    conditions: { StringNotLike: { "aws:SourceIdentity": sourceIdentities } },
  }),
];
