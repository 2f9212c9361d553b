import { runSimulation } from "@cloud-copilot/iam-simulate";
import { App, Stack } from "aws-cdk-lib";
import { lineageOf } from "../../../core/aws/lineage.ts";
import { TargetRole, type TargetRoleProps } from "../../../lib/index.ts";

/** A team's app in another account, and what its synthesized policies let happen. */

export const central = "111122223333";
export const team = "444455556666";
export const lanyard = { account: central, region: "eu-west-1", stage: "prod", trustDomain: "agents.example.com" };
export const credentials = `arn:aws:iam::${central}:role/lanyard-prod-eu-west-1-credentials`;
const roleArn = `arn:aws:iam::${team}:role/lanyard/target/Files`;

interface Document {
  readonly Version: string;
  readonly Statement: readonly Record<string, unknown>[];
}

/** What was synthesized. */
export interface Made {
  readonly trust: Document;
  readonly grant: Document;
  readonly role: Readonly<Record<string, unknown>>;
  /** Logical id of the grant. */
  readonly grantId: string;
  readonly warnings: readonly string[];
}

/** Says whether the next synthesis is validated, as each must before it begins: that takes seconds. */
export function validates(on: boolean): void {
  process.env.CDK_VALIDATION = String(on);
}

/** A stack of the team's with one target role, made use of by `use`. */
export function made(
  more: Partial<TargetRoleProps> = {},
  use: (target: TargetRole, stack: Stack) => void = () => undefined,
): Made {
  validates(false);
  const app = new App();
  const stack = new Stack(app, "Team", { env: { account: team, region: "eu-west-1" } });
  const target = new TargetRole(stack, "Files", {
    lanyard,
    agents: ["planner", "research/deep"],
    roleName: "Files",
    ...more,
  });
  use(target, stack);
  const assembly = app.synth();
  const { template, messages } = assembly.getStackByName("Team");
  const resources = Object.entries(
    (template as { Resources: Record<string, { Type: string; Properties: never }> }).Resources,
  );
  const one = (type: string, begins: string) => {
    const found = resources.find(([id, { Type }]) => Type === type && id.startsWith(begins));
    if (!found) throw new Error(`no ${type}`);
    return found;
  };
  const [, role] = one("AWS::IAM::Role", "Files");
  const [grantId, grant] = one("AWS::IAM::ManagedPolicy", "Files");
  const plain = (value: unknown) => JSON.parse(JSON.stringify(joined(value))) as Document;
  const { AssumeRolePolicyDocument } = role.Properties as { AssumeRolePolicyDocument: unknown };
  const { PolicyDocument } = grant.Properties as { PolicyDocument: unknown };
  return {
    trust: plain(AssumeRolePolicyDocument),
    grant: plain(PolicyDocument),
    role: role.Properties,
    grantId,
    warnings: messages.filter(({ level }) => level === "warning").map(({ entry }) => String(entry.data)),
  };
}

const pseudo: Readonly<Record<string, string>> = { "AWS::Partition": "aws", "AWS::AccountId": team };

/** Texts that CloudFormation would put together: of pseudo parameters, and of this stack's own resources by their ids. */
function joined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(joined);
  if (typeof value !== "object" || value === null) return value;
  const { "Fn::Join": join, Ref, "Fn::GetAtt": att } = value as Record<string, unknown>;
  if (Array.isArray(join)) return (joined(join[1]) as string[]).join(String(join[0]));
  if (typeof Ref === "string") return pseudo[Ref] ?? Ref;
  if (Array.isArray(att)) return `arn:aws:s3:::${String(att[0]).toLowerCase()}`;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, joined(inner)]));
}

/** A session's, as the function `credentials` asks for them. */
export const lineage = lineageOf({
  root: "R".repeat(22),
  sid: "S".repeat(22),
  actors: ["spiffe://agents.example.com/agent/planner"],
  principal: { id: `p_${"a".repeat(32)}`, kind: "person" },
});

/** How a request to assume the role differs from the function's own. */
export interface Assuming {
  /** Role whose session asks. */
  readonly by?: string;
  readonly externalId?: string | undefined;
  readonly sessionName?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly sourceIdentity?: string;
}

const everything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };

/** What each of the three actions comes to that STS checks for one AssumeRole; all must be allowed. */
export async function assuming(trust: unknown, asked: Assuming = {}): Promise<readonly string[]> {
  const { by = credentials, sessionName = lineage.roleSessionName, tags = lineage.tags } = asked;
  const externalId = "externalId" in asked ? asked.externalId : "agents.example.com/prod";
  const sourceIdentity = asked.sourceIdentity ?? lineage.sourceIdentity;
  const requestTags = Object.fromEntries(Object.entries(tags).map(([tag, value]) => [`aws:RequestTag/${tag}`, value]));
  const keys = { ...requestTags, "aws:TagKeys": Object.keys(tags), "sts:TransitiveTagKeys": Object.keys(tags) };
  const told: Record<string, Record<string, string | string[]>> = {
    "sts:AssumeRole": {
      ...keys,
      ...(externalId !== undefined && { "sts:ExternalId": externalId }),
      "sts:RoleSessionName": sessionName,
    },
    ...(Object.keys(tags).length > 0 && { "sts:TagSession": keys }),
    "sts:SetSourceIdentity": { "sts:SourceIdentity": sourceIdentity },
  };
  const account = by.split(":")[4] ?? "";
  const principal = `arn:aws:sts::${account}:assumed-role/${by.split("/").at(-1)}/invocation`;
  const refused: string[] = [];
  for (const [action, context] of Object.entries(told)) {
    const result = await runSimulation(
      {
        request: {
          principal,
          action,
          resource: { resource: roleArn, accountId: team },
          contextVariables: { ...context, "aws:PrincipalArn": by, "aws:PrincipalAccount": account },
        },
        identityPolicies: [{ name: "whatever", policy: everything }],
        serviceControlPolicies: [],
        resourceControlPolicies: [],
        resourcePolicy: trust,
      },
      {},
    );
    if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
    if (result.overallResult !== "Allowed") refused.push(action);
  }
  return refused;
}

/** Whether a session of the role may: its policies are the grant and whatever else is attached, its boundary the grant. */
export async function may(
  grant: unknown,
  call: { readonly action: string; readonly resource: string; readonly sourceIdentity?: string },
  attached: readonly unknown[] = [],
): Promise<boolean> {
  const { action, resource, sourceIdentity } = call;
  const result = await runSimulation(
    {
      request: {
        principal: `arn:aws:sts::${team}:assumed-role/Files/${lineage.roleSessionName}`,
        action,
        resource: { resource, accountId: team },
        contextVariables: sourceIdentity === undefined ? {} : { "aws:SourceIdentity": sourceIdentity },
      },
      identityPolicies: [grant, ...attached].map((policy, at) => ({ name: `policy-${at}`, policy })),
      permissionBoundaryPolicies: [{ name: "boundary", policy: grant }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return result.overallResult === "Allowed";
}
