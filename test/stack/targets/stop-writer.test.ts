import { App, Stack } from "aws-cdk-lib";
import { describe, expect, test } from "vitest";
import { denyDocument } from "../../../core/stop/deny.ts";
import { StopWriter } from "../../../lib/index.ts";
import { lanyard, team, validates } from "./ground.ts";

type Resource = { readonly Type: string; readonly Properties: Readonly<Record<string, never>> };

function synthesize(of = lanyard): readonly Resource[] {
  validates(false);
  const app = new App();
  const stack = new Stack(app, "Team", { env: { account: team, region: "eu-west-1" } });
  new StopWriter(stack, "Stop", { lanyard: of });
  const { template } = app.synth().getStackByName("Team");
  return Object.values((template as { Resources: Record<string, Resource> }).Resources);
}

const resources = synthesize();
const of = (type: string) => resources.filter(({ Type }) => Type === type).map(({ Properties }) => Properties);
const policyArn = (shard: number) => ({
  "Fn::Join": [
    "",
    [
      "arn:",
      { Ref: "AWS::Partition" },
      ":iam::",
      { Ref: "AWS::AccountId" },
      `:policy/lanyard/deny/lanyard-prod-eu-west-1-deny-${shard}`,
    ],
  ],
});

describe("a stop writer", () => {
  test("makes five policies that deny nobody, as the stop itself would write it", () => {
    const policies = of("AWS::IAM::ManagedPolicy");
    expect(policies).toHaveLength(5);
    for (const [shard, policy] of policies.entries()) {
      expect(policy).toMatchObject({
        ManagedPolicyName: `lanyard-prod-eu-west-1-deny-${shard}`,
        Path: "/lanyard/deny/",
      });
      const { PolicyDocument } = policy as { PolicyDocument?: { Statement: object[] } };
      expect(PolicyDocument).toEqual(JSON.parse(denyDocument([])));
    }
  });

  test("threat 20: may write versions of these policies and nothing else, by name and without a wildcard", () => {
    const [policy] = of("AWS::IAM::Policy");
    expect(of("AWS::IAM::Policy")).toHaveLength(1);
    expect((policy as { PolicyDocument?: unknown }).PolicyDocument).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "OnlyDenyPolicies",
          Effect: "Allow",
          Action: [
            "iam:CreatePolicyVersion",
            "iam:DeletePolicyVersion",
            "iam:GetPolicyVersion",
            "iam:ListPolicyVersions",
          ],
          Resource: [0, 1, 2, 3, 4].map(policyArn),
        },
      ],
    });
  });

  test("threat 20: trusts the stop's function of one deployment alone", () => {
    const [role] = of("AWS::IAM::Role");
    expect(role).toMatchObject({ RoleName: "lanyard-prod-eu-west-1-stop-writer", Path: "/lanyard/stop/" });
    const { AssumeRolePolicyDocument } = role as { AssumeRolePolicyDocument?: { Statement: object[] } };
    expect(AssumeRolePolicyDocument?.Statement).toEqual([
      {
        Effect: "Allow",
        Action: "sts:AssumeRole",
        Principal: { AWS: { "Fn::Join": ["", ["arn:", { Ref: "AWS::Partition" }, ":iam::111122223333:root"]] } },
        Condition: {
          StringEquals: {
            "aws:PrincipalArn": {
              "Fn::Join": [
                "",
                ["arn:", { Ref: "AWS::Partition" }, ":iam::111122223333:role/lanyard-prod-eu-west-1-aws-stop"],
              ],
            },
            "sts:ExternalId": "agents.example.com/prod",
          },
        },
      },
    ]);
  });

  test("refuses a deployment that cannot exist", () => {
    expect(() => synthesize({ ...lanyard, account: "*" })).toThrow("account: 12 digits");
  });
});
