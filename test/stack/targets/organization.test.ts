import { runSimulation } from "@cloud-copilot/iam-simulate";
import { describe, expect, test } from "vitest";
import { organizationPolicies } from "../../../lib/index.ts";
import { lineage, team } from "./ground.ts";

const deployer = `arn:aws:iam::${team}:role/cdk-hnb659fds-cfn-exec-role-${team}-eu-west-1`;
const deployers = ["arn:aws:iam::*:role/cdk-*-cfn-exec-role-*"];
const policies = organizationPolicies({ deployers });
const all = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
interface Call {
  readonly by: string;
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string>>;
}

/** Whether an administrator of an account may, under the organization's policies. */
async function may(
  { by, action, resource, context = {} }: Call,
  scp: unknown[],
  rcp: unknown[] = [],
): Promise<boolean> {
  const account = by.split(":")[4] ?? "";
  const attached = (found: unknown[]) => [
    { orgIdentifier: "r-1", policies: found.map((policy, at) => ({ name: `policy-${at}`, policy })) },
  ];
  const result = await runSimulation(
    {
      request: {
        principal: by,
        action,
        resource: { resource, accountId: team },
        contextVariables: { ...context, "aws:PrincipalArn": by, "aws:PrincipalAccount": account },
      },
      identityPolicies: [{ name: "admin", policy: all }],
      serviceControlPolicies: attached([all, ...scp]),
      resourceControlPolicies: attached(rcp),
    },
    {},
  );
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return result.overallResult === "Allowed";
}

const role = (name: string) => `arn:aws:iam::${team}:role/${name}`;
const denyPolicy = `arn:aws:iam::${team}:policy/lanyard/deny/lanyard-prod-eu-west-1-deny-0`;
const target = role("lanyard/target/Files");
const read = { by: target, action: "s3:GetObject", resource: "arn:aws:s3:::files/a" };
const session = (issued: string) => ({
  ...read,
  context: { "aws:SourceIdentity": lineage.sourceIdentity, "aws:TokenIssueTime": issued },
});

describe("threat 20: an organization's policies", () => {
  test("let nobody but the writer role and who deploys touch what a stop rests on", async () => {
    const admin = role("Admin");
    const versions = ["CreatePolicyVersion", "DeletePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicy"];
    for (const name of versions) {
      const call = { action: `iam:${name}`, resource: denyPolicy };
      expect(await may({ by: admin, ...call }, [])).toBe(true);
      expect(await may({ by: admin, ...call }, [policies.guard])).toBe(false);
      expect(
        await may({ by: role("lanyard/stop/lanyard-prod-eu-west-1-stop-writer"), ...call }, [policies.guard]),
      ).toBe(true);
      expect(await may({ by: deployer, ...call }, [policies.guard])).toBe(true);
      const other = { action: call.action, resource: `arn:aws:iam::${team}:policy/Team` };
      expect(await may({ by: admin, ...other }, [policies.guard])).toBe(true);
    }
    for (const name of ["DetachRolePolicy", "DeleteRolePermissionsBoundary", "AttachRolePolicy", "PutRolePolicy"]) {
      const call = { action: `iam:${name}`, resource: target };
      expect(await may({ by: admin, ...call }, [policies.guard])).toBe(false);
      expect(await may({ by: deployer, ...call }, [policies.guard])).toBe(true);
      expect(await may({ by: admin, ...call, resource: role("Team") }, [policies.guard])).toBe(true);
    }
  });

  test("stop every session of ours and nobody else, at who calls and at what is called", async () => {
    const issued = "2026-11-30T12:00:00Z";
    for (const [scp, rcp] of [
      [[policies.stop], []],
      [[], [policies.stopAtResources]],
    ] as [unknown[], unknown[]][]) {
      expect(await may(session(issued), scp, rcp)).toBe(false);
      expect(await may({ ...read, by: role("Team") }, scp, rcp)).toBe(true);
    }
  });

  test("stop what was issued before a moment alone, where one is named", async () => {
    const { stop, stopAtResources } = organizationPolicies({
      deployers,
      issuedBefore: new Date("2026-11-30T12:00:00Z"),
    });
    for (const [scp, rcp] of [
      [[stop], []],
      [[], [stopAtResources]],
    ] as [unknown[], unknown[]][]) {
      expect(await may(session("2026-11-30T11:59:59Z"), scp, rcp)).toBe(false);
      expect(await may(session("2026-11-30T12:00:00Z"), scp, rcp)).toBe(true);
    }
  });

  test("fit into the 5,120 characters that Organizations takes", () => {
    for (const one of Object.values(organizationPolicies({ deployers, issuedBefore: new Date() })))
      expect(JSON.stringify(one).length).toBeLessThan(5_120);
  });
});
