import { runSimulation } from "@cloud-copilot/iam-simulate";
import { statementsOf } from "../resolved.ts";
import { account, region, type StackName, synthesized } from "../synthesized.ts";

export const { templates } = synthesized();
export const table = (name: string) => `arn:aws:dynamodb:${region}:${account}:table/${idOf(`Tables${name}`)}`;
export const role = (name: string) => `arn:aws:iam::${account}:role/${name}`;

export function idOf(prefix: string): string {
  const found = Object.keys(templates.State.Resources).find((id) => id.startsWith(prefix));
  if (!found) throw new Error(`no ${prefix}`);
  return found;
}

export interface Call {
  readonly principal: string;
  /** Whose policies count: a role of ours, or somebody who has every right IAM can give. */
  readonly policies: readonly [StackName, string] | "administrator";
  readonly action: string;
  readonly resource: string;
  readonly context?: Record<string, string | string[]>;
  readonly resourcePolicy?: unknown;
}

const everything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };

export async function outcome(call: Call): Promise<string> {
  const policy =
    call.policies === "administrator"
      ? everything
      : { Version: "2012-10-17", Statement: statementsOf(templates, ...call.policies) };
  const result = await runSimulation(
    {
      request: {
        principal: call.principal,
        action: call.action,
        resource: { resource: call.resource, accountId: account },
        contextVariables: call.context ?? {},
      },
      identityPolicies: [{ name: "identity", policy }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(call.resourcePolicy ? { resourcePolicy: call.resourcePolicy } : {}),
    },
    {},
  );
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return result.overallResult;
}

export const token: Pick<Call, "principal" | "policies"> = {
  principal: role("lanyard-dev-eu-west-1-token"),
  policies: ["Service", "Token"],
};

export const revoke: Pick<Call, "principal" | "policies"> = {
  principal: role("revoke"),
  policies: ["Service", "Revoke"],
};

export const admin: Pick<Call, "principal" | "policies"> = {
  principal: role("admin-revoke"),
  policies: ["Service", "AdminRevoke"],
};

export const introspect: Pick<Call, "principal" | "policies"> = {
  principal: role("lanyard-dev-eu-west-1-introspect"),
  policies: ["Service", "Introspect"],
};

export const credentials: Pick<Call, "principal" | "policies"> = {
  principal: role("lanyard-dev-eu-west-1-credentials"),
  policies: ["Service", "Credentials"],
};

export const discovery: Pick<Call, "principal" | "policies"> = {
  principal: role("discovery"),
  policies: ["Issuer", "Discovery"],
};

export const transaction = { "dynamodb:EnclosingOperation": "TransactWriteItems" };
export const rowOf = (name: string) => ({ "dynamodb:LeadingKeys": [name] });
