import { targetRolePath } from "../../../core/model/aws-role.ts";
import { canary } from "../../../core/model/canary.ts";

/** Whose canary it is. */
interface CanaryOf {
  readonly stage: string;
  /** Who is responsible for it. */
  readonly owner: string;
  /** The stage lends roles of its own account. */
  readonly aws: boolean;
}

/**
 * The canary's registrations as the text of a YAML file. Account and Region are placeholders, which every deployment
 * fills itself; the names are those that the stage's function, table and role have.
 */
export function canaryRegistrations({ stage, owner, aws }: CanaryOf): string {
  const { agent, resource, scope } = canary;
  const grant = `{ resource: ${resource}, scopes: ["${scope}"] }`;
  return `# The revocation canary of stage ${stage}, as \`lanyard canary init\` writes it. Its names are reserved: nothing else may be
# given to it, and nobody else may have what is its own.
kind: agent
name: ${agent}
state: active
owner: ${JSON.stringify(owner)}
sponsor: ${JSON.stringify(owner)}
description: Revokes a session of its own every few minutes, and measures how long it still works
selectors:
  - type: aws-sts-caller-identity
    exact:
      roleArn: arn:aws:iam::\${account}:role/lanyard-${stage}-\${region}-canary
minimumAssurance: fresh
may:
  - ${grant}
lends:
  - ${grant}
maxLifetimeSeconds: ${canary.lifetimeSeconds}
maxDepth: 0
---
kind: resource
name: ${agent}
uri: ${resource}
servedBy: ${agent}
scopes: ["${scope}"]
---
kind: policy
name: ${agent}-lends-itself
cedar: |
  permit (principal, action == Action::"lend", resource == Resource::"${resource}")
  when { principal.kind == "agent" && context.agent == Agent::"${agent}" };
---
kind: policy
name: ${agent}-acts
cedar: |
  permit (principal == Agent::"${agent}", action in [Action::"open", Action::"access"], resource == Resource::"${resource}");
---
kind: policy
name: ${agent}-uses
cedar: |
  permit (principal == Agent::"${agent}", action == Action::"use", resource == Tool::"${scope}");
${aws ? roleOf(stage) : ""}`;
}

const roleOf = (stage: string): string => `---
kind: aws-role
name: ${canary.role}
arn: arn:aws:iam::\${account}:role${targetRolePath}lanyard-${stage}-\${region}-canary-target
agents: [${canary.agent}]
resource: ${canary.resource}
grants:
  - scope: "${canary.scope}"
    service: dynamodb
    actions: [dynamodb:GetItem]
    where: { table: "arn:aws:dynamodb:\${region}:\${account}:table/lanyard-${stage}-canary", prefix: ${canary.ownKey} }
`;
