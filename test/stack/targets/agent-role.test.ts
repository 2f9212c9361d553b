import { runSimulation } from "@cloud-copilot/iam-simulate";
import { App, Stack, Validations } from "aws-cdk-lib";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { AwsSolutionsChecks } from "cdk-nag";
import { describe, expect, test } from "vitest";
import { evidenceTags } from "../../../core/model/wire.ts";
import { AgentRole, type AgentRoleProps } from "../../../lib/index.ts";
import { documentTags } from "../../../lib/targets/agent-role.ts";
import { team, validates } from "./ground.ts";

const issuer = "https://id.example.com";

function made(more: Partial<AgentRoleProps> = {}) {
  validates(false);
  const app = new App();
  new AgentRole(new Stack(app, "Team", { env: { account: team, region: "eu-west-1" } }), "Planner", {
    issuer,
    ...more,
  });
  const { template } = app.synth().getStackByName("Team");
  const resources = Object.values(
    (template as { Resources: Record<string, { Type: string; Properties: never }> }).Resources,
  );
  const of = (type: string) =>
    resources.find(({ Type }) => Type === type)?.Properties as unknown as Record<string, unknown>;
  return { policy: of("AWS::IAM::Policy").PolicyDocument, role: of("AWS::IAM::Role") };
}

const { policy, role } = made();

async function may(action: string, resource: string, context: Record<string, string | string[]> = {}) {
  const everything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }] };
  const result = await runSimulation(
    {
      request: {
        principal: `arn:aws:sts::${team}:assumed-role/Planner/planner`,
        action,
        resource: { resource, accountId: team },
        contextVariables: context,
      },
      identityPolicies: [
        { name: "own", policy },
        { name: "more", policy: everything },
      ],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return result.overallResult === "Allowed";
}

describe("an agent's role", () => {
  test("proves itself to the one issuer it names", async () => {
    const audience = (...values: string[]) => ({ "sts:IdentityTokenAudience": values });
    expect(await may("sts:GetWebIdentityToken", "*", audience(issuer))).toBe(true);
    expect(await may("sts:GetWebIdentityToken", "*", audience("https://other.example"))).toBe(false);
    expect(await may("sts:GetWebIdentityToken", "*", audience(issuer, "https://other.example"))).toBe(false);
    expect(await may("sts:GetWebIdentityToken", "*")).toBe(false);
  });

  test("with the tags that carry challenge and key, and no others", async () => {
    expect(documentTags).toEqual([evidenceTags.challenge, evidenceTags.jkt]);
    expect(await may("sts:TagGetWebIdentityToken", "*", { "aws:TagKeys": [...documentTags] })).toBe(true);
    expect(await may("sts:TagGetWebIdentityToken", "*", { "aws:TagKeys": ["team"] })).toBe(false);
  });

  test("assumes no role by itself, whatever else it is given", async () => {
    for (const name of ["Admin", "lanyard/target/Files"])
      expect(await may("sts:AssumeRole", `arn:aws:iam::${team}:role/${name}`)).toBe(false);
    expect(await may("s3:GetObject", "arn:aws:s3:::own/a")).toBe(true);
  });

  test("is what cdk-nag finds nothing about", () => {
    validates(true);
    const app = new App();
    const stack = new Stack(app, "Team", { env: { account: team, region: "eu-west-1" } });
    new AgentRole(stack, "Planner", { issuer });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    expect(() => app.synth()).not.toThrow();
    const wide = new AgentRole(stack, "Wide", { issuer });
    wide.addToPolicy(new PolicyStatement({ actions: ["s3:GetObject"], resources: ["*"] }));
    expect(() => app.synth({ force: true })).toThrow(/Wide/);
  });

  test("is Lambda's unless it says otherwise", () => {
    expect(JSON.stringify(role.AssumeRolePolicyDocument)).toContain("lambda.amazonaws.com");
    const task = made({ assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com"), roleName: "planner" });
    expect(JSON.stringify(task.role.AssumeRolePolicyDocument)).toContain("ecs-tasks.amazonaws.com");
    expect(task.role.RoleName).toBe("planner");
  });
});
