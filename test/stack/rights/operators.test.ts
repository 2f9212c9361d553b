import { runSimulation } from "@cloud-copilot/iam-simulate";
import { describe, expect, test } from "vitest";
import { stageOf } from "../../../lib/settings/stage.ts";
import { resolved, type Statement } from "../resolved.ts";
import { account, one, synthesized } from "../synthesized.ts";

const urls = { AdminRead: "read", AdminWrite: "write", AdminRevoke: "revoke", AdminRotate: "rotate" } as const;
const approver = "role/Approver";
const sso = "role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_OnCall_*";
const each = {
  read: ["role/Auditor", "role/teams/Operator"],
  write: [`arn:aws:iam::${account}:role/teams/Operator`],
  revoke: ["role/teams/Operator", sso],
  rotate: ["role/KeyOfficer"],
  approve: [approver, sso],
};

type Templates = ReturnType<typeof synthesized>["templates"];
const policyOf = (templates: Templates, id: string) =>
  resolved(templates, "Service", one(templates.Service, "AWS::Lambda::ResourcePolicy", id).Properties) as {
    ResourceArn: string;
    PolicyDocument: { Statement: Statement[] };
  };

async function outcome(
  templates: Templates,
  id: string,
  ...[role, action, more = {}]: readonly [role: string, action: string, more?: Record<string, string>]
): Promise<string> {
  const { ResourceArn, PolicyDocument } = policyOf(templates, id);
  const principal = `arn:aws:iam::${account}:role/${role}`;
  const policy = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
  const through: Record<string, string> =
    action === "lambda:InvokeFunction" ? { "lambda:InvokedViaFunctionUrl": "true" } : {};
  const result = await runSimulation(
    {
      request: {
        principal,
        action,
        resource: { resource: ResourceArn, accountId: account },
        contextVariables: {
          "aws:PrincipalArn": principal,
          "lambda:FunctionUrlAuthType": "AWS_IAM",
          ...through,
          ...more,
        },
      },
      identityPolicies: [{ name: "identity", policy }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: PolicyDocument,
    },
    {},
  );
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return result.overallResult;
}

describe("threat 49: the admin URLs", () => {
  const { templates } = synthesized({ account, operators: each, approvals: true }, { stage: "prod" });
  const ssoRole = "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_OnCall_0123456789abcdef";
  const may: Record<string, readonly string[]> = {
    Auditor: ["AdminRead"],
    "teams/Operator": ["AdminRead", "AdminWrite", "AdminRevoke"],
    [ssoRole]: ["AdminRevoke"],
    "aws-reserved/sso.amazonaws.com/AWSReservedSSO_OnCall_0123456789abcdef": ["AdminRevoke"],
    KeyOfficer: ["AdminRotate"],
    Administrator: [],
    // a name that only looks like one
    Operator: [],
    "teams/Operator2": [],
    "teams/x/Operator": [],
    AWSReservedSSO_OnCall_0123456789abcdef: [],
    "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_ReadOnly_0123456789abcdef": [],
  };
  test.each(Object.entries(may))("let %s in at %j and nowhere else, whatever IAM gives it", async (role, functions) => {
    for (const id of Object.keys(urls))
      for (const action of ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"])
        expect([id, action, await outcome(templates, id, role, action)]).toEqual([
          id,
          action,
          functions.includes(id) ? "Allowed" : "ExplicitlyDenied",
        ]);
  });

  test("are invoked by no other way by an operator either: not directly, and not by InvokeAsync", async () => {
    for (const id of Object.keys(urls)) {
      expect(await outcome(templates, id, "teams/Operator", "lambda:InvokeAsync")).toBe("ExplicitlyDenied");
      const denied = policyOf(templates, id).PolicyDocument.Statement.map(({ Sid, Action }) => [Sid, Action]);
      expect(denied).toEqual([
        ["OnlyThroughTheUrl", ["lambda:InvokeFunction", "lambda:InvokeAsync"]],
        ["OnlyOperatorsOfTheStage", ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction", "lambda:InvokeAsync"]],
      ]);
    }
  });

  test("take one list for all of them", () => {
    const { operators } = stageOf("prod", { operators: ["role/Operator"] });
    const list = ["role/Operator"];
    expect(operators).toEqual({ read: list, write: list, revoke: list, rotate: list, approve: list });
  });

  test("name who approves where the stage has approvals, and nobody for it where it has none", () => {
    const { approve: _, ...others } = each;
    expect(() => stageOf("prod", { account, operators: others, approvals: true })).toThrow(/operators\.approve: name/);
    expect(stageOf("prod", { account, operators: others }).operators?.approve).toBeUndefined();
  });

  test("threat 58: let in to approve, of a role's sessions, those named by their source identity, and those of Identity Center", async () => {
    const session = (name: string, sourceIdentity?: string) => ({
      "aws:userid": `AROAEXAMPLEEXAMPLE11:${name}`,
      ...(sourceIdentity === undefined ? {} : { "aws:SourceIdentity": sourceIdentity }),
    });
    const may = async (role: string, more: Record<string, string>) =>
      (await outcome(templates, "Approve", role, "lambda:InvokeFunctionUrl", more)) === "Allowed";
    expect(await may("Approver", session("ada", "ada"))).toBe(true);
    expect(await may("Approver", session("ada"))).toBe(false);
    expect(await may("Approver", session("ada", "eve"))).toBe(false);
    expect(await may("Approver", session("eve-ada", "ada"))).toBe(false);
    expect(await may("Approver", session("ada", "a*"))).toBe(false);
    expect(await may(ssoRole, session("ada"))).toBe(true);
    expect(await may("teams/Operator", session("ada", "ada"))).toBe(false);
  });

  test("attest-iam is for agents, and knows no operators", () => {
    expect(policyOf(templates, "AttestIam").PolicyDocument.Statement).toHaveLength(1);
  });

  test("let whomever IAM lets in only in stage dev", () => {
    const dev = synthesized().templates;
    for (const id of Object.keys(urls)) expect(policyOf(dev, id).PolicyDocument.Statement).toHaveLength(1);
    for (const stage of ["prod", "production", "local", "devel"])
      expect(() => stageOf(stage, {})).toThrow(/operators: name the roles .* \{ read, write, revoke, rotate \}/);
  });
});

describe("threat 49: a stage's operators are refused when they are", () => {
  test.each<[string, unknown, RegExp]>([
    ["nobody", [], /operators\.read: must name at least one role/],
    ["a list for some functions only", { read: ["role/A"], write: ["role/A"] }, /operators\.revoke/],
    ["a function there is not", { ...each, delete: ["role/A"] }, /operators\.delete: there is no such setting/],
    ["everybody", ["*"], /operators\.read\.0: must be a role's ARN/],
    ["every role", ["role/*"], /must be a role's ARN/],
    ["every role of a path", ["role/teams/*"], /must be a role's ARN/],
    ["every permission set", ["role/aws-reserved/sso.amazonaws.com/*"], /must be a role's ARN/],
    ["every set that begins so", ["role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_*"], /must be a role's ARN/],
    ["a set's form outside the reserved path", ["role/x/*AWSReservedSSO_OnCall_*"], /must be a role's ARN/],
    ["a variable", [`role/${"$"}{aws:PrincipalTag/x}`], /must be a role's ARN/],
    ["a user", [`arn:aws:iam::${account}:user/ada`], /must be a role's ARN/],
    ["the account", [`arn:aws:iam::${account}:root`], /must be a role's ARN/],
    ["a session of a role", [`arn:aws:sts::${account}:assumed-role/Operator/ada`], /must be a role's ARN/],
    ["a line break", ["role/Operator\n"], /must be a role's ARN/],
    ["of another account", ["arn:aws:iam::999999999999:role/A"], /operators\.read: .* is of another account/],
  ])("%s", (_, operators, message) => {
    expect(() => stageOf("prod", { account, operators })).toThrow(message);
  });
});
