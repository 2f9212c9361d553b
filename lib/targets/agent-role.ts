import { Effect, type IPrincipal, PolicyStatement, Role, type RoleProps, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";

/** The role that an agent runs under. Beside what stands here, all that a role of CDK's has but `assumedBy`. */
export interface AgentRoleProps extends Omit<RoleProps, "assumedBy" | "externalIds"> {
  /** The issuer of the deployment it proves itself to, without a slash at its end. */
  readonly issuer: string;
  /** Who runs it: Lambda when it is left out. */
  readonly assumedBy?: IPrincipal;
}

/** Tags by which a document carries the challenge and the agent's key; `core/attest` demands them. */
export const documentTags = ["lanyard-challenge", "lanyard-jkt"] as const;

/**
 * A role under which an agent proves what it is (`aws-sts-web-identity`) and can do nothing else: whatever it may at AWS it
 * gets for its sessions, of the roles that the registry gives it. It assumes no role by itself.
 *
 * @example
 * const role = new AgentRole(this, "PlannerRole", { issuer: lanyard.urls.issuer });
 * new Function(this, "Planner", { role, ... });
 */
export class AgentRole extends Role {
  constructor(scope: Construct, id: string, { issuer, assumedBy, ...props }: AgentRoleProps) {
    super(scope, id, { ...props, assumedBy: assumedBy ?? new ServicePrincipal("lambda.amazonaws.com") });
    const audience = "sts:IdentityTokenAudience";
    for (const statement of [
      new PolicyStatement({
        sid: "ProveToLanyard",
        actions: ["sts:GetWebIdentityToken"],
        resources: ["*"],
        // a document for another audience would be good there: nobody else gets one (threat 4)
        conditions: { "ForAllValues:StringEquals": { [audience]: issuer }, Null: { [audience]: "false" } },
      }),
      new PolicyStatement({
        sid: "WithChallengeAndKey",
        actions: ["sts:TagGetWebIdentityToken"],
        resources: ["*"],
        conditions: { "ForAllValues:StringEquals": { "aws:TagKeys": [...documentTags] } },
      }),
      new PolicyStatement({
        sid: "NoRoleByItself",
        effect: Effect.DENY,
        actions: ["sts:AssumeRole"],
        resources: ["*"],
      }),
    ])
      this.addToPolicy(statement);
  }
}
