import { Duration } from "aws-cdk-lib";
import {
  AccountPrincipal,
  type IManagedPolicy,
  ManagedPolicy,
  PolicyDocument,
  PolicyStatement,
  PrincipalWithConditions,
  Role,
} from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import { denyPath, writerPath } from "../../core/stop/organization.ts";
import { denyPolicyArns, denyPolicyCount, denyPolicyNames, nobodyDenied, writerName } from "./deny-policies.ts";
import { type DeployedLanyard, functionRoleArn, trustDomainOf } from "./deployed.ts";

/** The surgical stop of one account. */
export interface StopWriterProps {
  /** The deployment that stops its sessions here. */
  readonly lanyard: DeployedLanyard;
}

/**
 * What the surgical stop needs in an account, once for each deployment that lends roles there: the deny policies that
 * every `TargetRole` of the account has attached, and the one role that may write them. Deploy it before the first
 * `TargetRole`.
 *
 * The role may write versions of these policies and do nothing else: it can attach nothing, and what it writes takes
 * away only, since the boundary of every `TargetRole` is its own grant (threat 20).
 *
 * @example
 * new StopWriter(this, "LanyardStop", {
 *   lanyard: { account: "111122223333", region: "eu-west-1", stage: "prod", trustDomain: "agents.example.com" },
 * });
 */
export class StopWriter extends Construct {
  /** The role that the deployment's function `aws-stop` assumes, and nobody else. */
  readonly role: Role;
  /** The policies; attached to a role that may do more than its boundary, they could be made to add rights. */
  readonly denyPolicies: readonly IManagedPolicy[];

  /** @throws for a deployment that cannot exist */
  constructor(scope: Construct, id: string, { lanyard }: StopWriterProps) {
    super(scope, id);
    const trustDomain = trustDomainOf(lanyard);
    this.denyPolicies = denyPolicyNames(lanyard).map(
      (managedPolicyName, shard) =>
        new ManagedPolicy(this, `Deny${shard}`, {
          managedPolicyName,
          path: denyPath,
          description: `Stopped sessions of Lanyard ${lanyard.stage}, written by Lanyard every minute (${shard + 1} of ${denyPolicyCount})`,
          document: PolicyDocument.fromJson(nobodyDenied),
        }),
    );
    this.role = new Role(this, "Role", {
      roleName: writerName(lanyard),
      path: writerPath,
      description: `Writes which sessions of Lanyard ${lanyard.stage} are stopped in this account`,
      // the account, pinned to the function's role: a role as principal is stored by its unique id, and would no longer
      // be trusted after it was created again
      assumedBy: new PrincipalWithConditions(new AccountPrincipal(lanyard.account), {
        StringEquals: {
          "aws:PrincipalArn": functionRoleArn(lanyard, "aws-stop"),
          "sts:ExternalId": `${trustDomain}/${lanyard.stage}`,
        },
      }),
      maxSessionDuration: Duration.hours(1),
    });
    this.role.addToPolicy(
      new PolicyStatement({
        sid: "OnlyDenyPolicies",
        actions: [
          "iam:CreatePolicyVersion",
          "iam:DeletePolicyVersion",
          "iam:GetPolicyVersion",
          "iam:ListPolicyVersions",
        ],
        resources: [...denyPolicyArns(lanyard)],
      }),
    );
  }
}
