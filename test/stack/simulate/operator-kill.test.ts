import { runSimulation } from "@cloud-copilot/iam-simulate";
import { describe, expect, test } from "vitest";
import { stageOf } from "../../../lib/settings/stage.ts";
import { resolved, statementsOf } from "../resolved.ts";
import { account, all, region, synthesized } from "../synthesized.ts";

const each = { read: ["role/A"], write: ["role/A"], revoke: ["role/A"], rotate: ["role/A"], approve: ["role/A"] };
const named = synthesized({ account, operators: { ...each, kill: ["user/break/Glass"] } }, { stage: "prod" }).templates;
const permissionSet = "role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_BreakGlass_*";
const bySet = synthesized({ account, operators: { ...each, kill: [permissionSet] } }, { stage: "prod" }).templates;
const unnamed = synthesized({ account, operators: each }, { stage: "prod" }).templates;
const kill = `arn:aws:iam::${account}:role/lanyard-prod-${region}-operator-kill`;

const trustOf = (templates: typeof named): readonly object[] => {
  const role = templates.State.Resources[idOf("OperatorKill", templates)]?.Properties;
  const trust = resolved(templates, "State", role?.AssumeRolePolicyDocument) as { readonly Statement: object[] };
  return trust.Statement;
};

const idOf = (prefix: string, templates = named): string => {
  const found = Object.keys(templates.State.Resources).find((id) => id.startsWith(prefix));
  if (!found) throw new Error(`no ${prefix}`);
  return found;
};

interface Replica {
  readonly ResourcePolicy?: { readonly PolicyDocument: unknown };
}

async function outcome(action: string, table: string, context: Record<string, string> = {}): Promise<string> {
  const id = idOf(`Tables${table}`);
  const replicas = named.State.Resources[id]?.Properties.Replicas as readonly Replica[];
  const policy = replicas[0]?.ResourcePolicy?.PolicyDocument;
  // without it the table would let every role write that IAM lets, and this test would hold of any policy
  if (policy === undefined) throw new Error(`table ${table} has no policy`);
  const result = await runSimulation(
    {
      request: {
        principal: kill,
        action: `dynamodb:${action}`,
        resource: { resource: `arn:aws:dynamodb:${region}:${account}:table/${id}`, accountId: account },
        contextVariables: { "aws:PrincipalArn": kill, ...context },
      },
      identityPolicies: [
        { name: "kill", policy: { Version: "2012-10-17", Statement: statementsOf(named, "State", "OperatorKill") } },
      ],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: resolved(named, "State", policy),
    },
    {},
  );
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return result.overallResult;
}

const together = { "dynamodb:EnclosingOperation": "TransactWriteItems" };

describe("the role that revokes when no function answers", () => {
  test.each([
    ["UpdateItem", "Revocations"],
    ["PutItem", "Outbox"],
  ])("may %s in %s with the record beside it, and not without", async (action, table) => {
    expect(await outcome(action, table, together)).toBe("Allowed");
    expect(await outcome(action, table)).toBe("ImplicitlyDenied");
  });

  test.each([
    ["GetItem", "Revocations"],
    ["Query", "Registry"],
    ["Query", "Subjects"],
  ])("may %s in %s, to refuse a misspelt name", async (action, table) => {
    expect(await outcome(action, table)).toBe("Allowed");
  });

  test.each([
    ["DeleteItem", "Revocations"],
    ["PutItem", "Revocations"],
    ["UpdateItem", "Outbox"],
    ["UpdateItem", "Registry"],
    ["PutItem", "Registry"],
    ["PutItem", "Sessions"],
    ["PutItem", "Lists"],
    ["PutItem", "Keyring"],
    ["GetItem", "People"],
    ["Scan", "Registry"],
    ["GetItem", "Sessions"],
    ["GetItem", "Outbox"],
    ["PutItem", "Subjects"],
    ["PutItem", "Tombstones"],
  ])("may not %s in %s", async (action, table) => {
    expect(await outcome(action, table, together)).not.toBe("Allowed");
  });

  test("threat 63: is trusted to the named users alone, here, with a second factor of the last hour, under their own name", () => {
    expect(trustOf(named)).toEqual([
      {
        Effect: "Allow",
        Action: "sts:AssumeRole",
        Principal: { AWS: `arn:aws:iam::${account}:user/break/Glass` },
        Condition: {
          // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM's
          StringEquals: { "aws:RequestedRegion": region, "sts:RoleSessionName": "${aws:username}" },
          Bool: { "aws:MultiFactorAuthPresent": "true" },
          NumericLessThanEquals: { "aws:MultiFactorAuthAge": "3600" },
        },
      },
    ]);
    expect(named.State.Resources[idOf("OperatorKill")]?.Properties.MaxSessionDuration).toBe(3600);
  });

  test("is trusted to a permission set of Identity Center, whose second factor IAM cannot see, only where it is named", () => {
    const [assumes, ...more] = trustOf(bySet);
    const sets = { ArnLike: { "aws:PrincipalArn": [`arn:aws:iam::${account}:${permissionSet}`] } };
    expect(assumes).toMatchObject({
      Action: "sts:AssumeRole",
      Condition: { StringEquals: { "aws:RequestedRegion": region }, ...sets },
    });
    expect(more).toMatchObject([{ Action: "sts:SetSourceIdentity", Condition: sets }]);
  });

  test("is not made, and named by no table, where the stage names nobody for it", () => {
    expect(JSON.stringify(unnamed.State)).not.toContain("operator-kill");
  });

  test.each([
    "role/A",
    "user/x",
    "user/*",
    `arn:aws:iam::${account}:user/Glass`,
    "role/aws-reserved/sso.amazonaws.com/*",
  ])("is refused to %s, with the reason", (one) => {
    expect(() => stageOf("prod", { account, operators: { ...each, kill: [one] } })).toThrow(
      /operators\.kill.*second factor/s,
    );
  });

  test("is not for the one list of all operators", () => {
    expect(stageOf("prod", { account, operators: ["role/A"] }).operators?.kill).toBeUndefined();
  });

  test("threat 63: rings at each use and each try, by a rule that hears of read events, only where it is", () => {
    const rules = all(named, "AWS::Events::Rule").filter(({ id }) => id.startsWith("KillWatch"));
    expect(rules).toHaveLength(1);
    expect(rules[0]?.it.Properties).toMatchObject({ State: "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" });
    expect(resolved(named, "Audit", rules[0]?.it.Properties.EventPattern)).toMatchObject({
      detail: { eventName: ["AssumeRole"], requestParameters: { roleArn: [kill] } },
    });
    expect(all(unnamed, "AWS::Events::Rule").filter(({ id }) => id.startsWith("KillWatch"))).toEqual([]);
  });

  test("is told to whoever logs in, with the tables, since in the incident no function is asked", () => {
    const told = (templates: typeof named) => {
      const [found] = all(templates, "AWS::SSM::Parameter").filter(
        ({ it }) => it.Properties.Name === "/lanyard/prod/deployment",
      );
      return JSON.parse(String(resolved(templates, "Service", found?.it.Properties.Value))) as { kill?: object };
    };
    expect(told(unnamed).kill).toBeUndefined();
    expect(Object.keys(told(named).kill ?? {}).sort()).toEqual([
      "ocsf",
      "outbox",
      "registry",
      "revocations",
      "role",
      "subjects",
    ]);
    expect(told(named).kill).toMatchObject({ role: kill, ocsf: "1.9.0" });
  });
});
