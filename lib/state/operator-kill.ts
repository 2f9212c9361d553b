import { Aws, CfnOutput, Duration } from "aws-cdk-lib";
import { AccountPrincipal, ArnPrincipal, CompositePrincipal, PolicyStatement, Role } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import type { Conditions } from "../function/grant.ts";
import { roleName } from "../function/roles.ts";
import { operatorArn } from "../settings/operators.ts";
import type { Stage } from "../settings/stage.ts";
import type { Tables } from "./tables.ts";

/** How long ago the second factor may have been shown, and how long a session of the role lives. */
const lifeSeconds = 3600;

/**
 * In the deployment's own Region: CloudTrail tells of the session where STS gave it, and only there stands the rule that
 * rings (threat 63).
 */
const here: Conditions = { StringEquals: { "aws:RequestedRegion": Aws.REGION } };

/** Who may stop what, and where it is written. */
interface OperatorKillProps {
  readonly stage: Stage;
  readonly tables: Tables;
  /** Users and permission sets, as the stage names them. */
  readonly named: readonly string[];
}

/**
 * The role by which operators revoke when no function answers (threat 63). It is the only writer of these tables that is
 * no function, so it is made only where the stage names who may take it.
 */
export class OperatorKill extends Construct {
  readonly role: Role;

  constructor(scope: Construct, id: string, { stage, tables, named }: OperatorKillProps) {
    super(scope, id);
    const users = named.filter((one) => one.startsWith("user/")).map(operatorArn);
    const sets = named.filter((one) => !one.startsWith("user/")).map(operatorArn);
    const bySet = new AccountPrincipal(Aws.ACCOUNT_ID).withConditions({
      ...here,
      ArnLike: { "aws:PrincipalArn": sets },
    });
    this.role = new Role(this, "Role", {
      roleName: roleName(stage, "operator-kill"),
      description: `Revokes in Lanyard ${stage.name} when its functions do not answer`,
      assumedBy: new CompositePrincipal(...users.map(userWithFactor), ...(sets.length > 0 ? [bySet] : [])),
      maxSessionDuration: Duration.seconds(lifeSeconds),
    });
    // a session of Identity Center that names its source passes the name on, or STS refuses the chain
    if (sets.length > 0)
      this.role.assumeRolePolicy?.addStatements(
        new PolicyStatement({
          actions: ["sts:SetSourceIdentity"],
          principals: [new AccountPrincipal(Aws.ACCOUNT_ID)],
          conditions: { ArnLike: { "aws:PrincipalArn": sets } },
        }),
      );
    tables.grantKill(this.role);
    new CfnOutput(scope, "OperatorKillRole", { value: this.role.roleArn });
    new CfnOutput(scope, "OcsfVersion", { value: stage.ocsf });
  }
}

/**
 * A user by its own ARN, so that it needs no right of its own and CloudFormation refuses a name that is not there,
 * instead of the incident finding it out. The session is called like the user, so that the record and CloudTrail name
 * the person whatever the command says.
 */
const userWithFactor = (arn: string) =>
  new ArnPrincipal(arn).withConditions({
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM's
    StringEquals: { ...here.StringEquals, "sts:RoleSessionName": "${aws:username}" },
    Bool: { "aws:MultiFactorAuthPresent": "true" },
    NumericLessThanEquals: { "aws:MultiFactorAuthAge": `${lifeSeconds}` },
  });
