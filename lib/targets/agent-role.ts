import {
  Effect,
  type IPrincipal,
  Policy,
  PolicyStatement,
  Role,
  type RoleProps,
  ServicePrincipal,
} from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { acknowledgeProof } from "../acknowledged.ts";

/** The role that an agent runs under. It takes all properties of CDK's role as well, with a default for `assumedBy`. */
export interface AgentRoleProps extends Omit<RoleProps, "assumedBy" | "externalIds"> {
  /** The issuer of the deployment it attests at, without a slash at its end. */
  readonly issuer: string;
  /** Who may assume it; Lambda when left out. */
  readonly assumedBy?: IPrincipal;
}

/** Tags by which a document carries the challenge and the agent's key; `core/attest` requires them. */
export const documentTags = ["lanyard-challenge", "lanyard-jkt"] as const;

/**
 * A role with which an agent can attest (`aws-sts-web-identity`) and can do nothing else. Everything else it may do at
 * AWS comes with credentials for its sessions, of the roles that the registry gives it. It assumes no role by itself.
 *
 * @example
 * const role = new AgentRole(this, "PlannerRole", { issuer: lanyard.urls.issuer });
 * new Function(this, "Planner", { role, ... });
 */
export class AgentRole extends Role {
  constructor(scope: Construct, id: string, { issuer, assumedBy, ...props }: AgentRoleProps) {
    super(scope, id, { ...props, assumedBy: assumedBy ?? new ServicePrincipal("lambda.amazonaws.com") });
    const audience = "sts:IdentityTokenAudience";
    const own = new Policy(this, "Proof", {
      roles: [this],
      statements: [
        new PolicyStatement({
          sid: "ProveToLanyard",
          actions: ["sts:GetWebIdentityToken"],
          resources: ["*"],
          // a document for another audience would be accepted there, so the role can get none (threat 4)
          conditions: { "ForAllValues:StringEquals": { [audience]: issuer }, Null: { [audience]: "false" } },
        }),
        new PolicyStatement({
          sid: "WithChallengeAndKey",
          actions: ["sts:TagGetWebIdentityToken"],
          resources: ["*"],
          conditions: { "ForAllValues:StringEquals": { "aws:TagKeys": [...documentTags] } },
        }),
        // it can give less of its own rights to what it runs, never more
        new PolicyStatement({ sid: "NarrowItsOwn", actions: ["sts:GetScopedCredentials"], resources: ["*"] }),
        new PolicyStatement({
          sid: "NoRoleByItself",
          effect: Effect.DENY,
          actions: ["sts:AssumeRole"],
          resources: ["*"],
        }),
      ],
    });
    acknowledgeProof(own);
  }
}
