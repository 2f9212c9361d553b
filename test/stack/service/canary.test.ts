/** The canary's resources: there where the stage asks for it, and by their rights harmless. */
import { runSimulation } from "@cloud-copilot/iam-simulate";
import { describe, expect, test } from "vitest";
import { canaryRegistrations } from "../../../bin/lanyard/canary/registrations.ts";
import { canary } from "../../../core/model/canary.ts";
import { canaryNames } from "../../../lib/service/canary.ts";
import { resolved } from "../resolved.ts";
import { rightsOf } from "../rights/lines.ts";
import { everyFunction } from "../rights/usual.ts";
import { outcome } from "../simulate/ground.ts";
import { account, all, bare, one, region, synthesized } from "../synthesized.ts";

const lending = { awsCredentials: { accounts: [account], lifeSeconds: 60 } };
const made = synthesized({ account, canary: {}, ...lending }).templates;
const alone = synthesized({ ...bare, canary: {} }).templates;
const { Service } = made;

test("no stage has a canary that did not ask for one", () => {
  const ids = Object.values(synthesized().templates).flatMap(({ Resources }) => Object.keys(Resources));
  expect(ids.filter((id) => /canary/i.test(id))).toEqual([]);
});

test("constructs and code know the canary by the same names, and so do its registrations", () => {
  const { agent, ownKey, lifetimeSeconds } = canary;
  expect(canaryNames).toEqual({ agent, ownKey, lifetimeSeconds });
  const text = canaryRegistrations({ stage: "dev", owner: "o", aws: true })
    .replaceAll("$" + "{account}", account)
    .replaceAll("$" + "{region}", region);
  expect(text).toContain(`:role/${one(Service, "AWS::IAM::Role", "CanaryRole").Properties.RoleName}\n`);
  expect(text).toContain(`role/lanyard/target/${one(Service, "AWS::IAM::Role", "CanaryTarget").Properties.RoleName}\n`);
  expect(text).toContain(`:table/${one(Service, "AWS::DynamoDB::GlobalTable").Properties.TableName}"`);
});

describe("the function", () => {
  test("writes its own runs, and may do nothing else at AWS", () => {
    const own = ["dynamodb:PutItem on table/CanaryRuns if row run*", ...everyFunction("Canary")].sort();
    expect(rightsOf(made, "Service", "Canary")).toEqual(own);
  });

  test("threat 45: its table takes rows from nobody else, whatever his own rights are", async () => {
    const { Replicas } = one(Service, "AWS::DynamoDB::GlobalTable").Properties as {
      Replicas: { ResourcePolicy?: { PolicyDocument: unknown } }[];
    };
    const resourcePolicy = resolved(made, "Service", Replicas[0]?.ResourcePolicy?.PolicyDocument);
    const writes = (name: string, action: string) => {
      const principal = `arn:aws:iam::${account}:role/${name}`;
      return outcome({
        ...{ principal, context: { "aws:PrincipalArn": principal } },
        ...{ policies: "administrator", action: `dynamodb:${action}`, resourcePolicy },
        resource: `arn:aws:dynamodb:${region}:${account}:table/CanaryRuns`,
      });
    };
    const own = String(one(Service, "AWS::IAM::Role", "CanaryRole").Properties.RoleName);
    expect(await writes(own, "PutItem")).toBe("Allowed");
    for (const action of ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLInsert", "PartiQLUpdate"])
      expect(await writes("Admin", action)).toBe("ExplicitlyDenied");
    expect(await writes("Admin", "Query")).toBe("Allowed");
  });

  test("lets operators read the runs, and nobody else", () => {
    const readers = all(made, "AWS::IAM::Policy").filter(({ it }) => {
      const { Statement } = it.Properties.PolicyDocument as { Statement: { Resource: unknown }[] };
      return Statement.some(({ Resource }) => JSON.stringify(Resource).includes("CanaryRuns"));
    });
    expect(readers.map(({ id }) => id.split("Role")[0])).toEqual(["AdminRead", "Canary"]);
    expect(rightsOf(made, "Service", "AdminRead")).toContain("dynamodb:Query on table/CanaryRuns if row run*");
  });

  test("runs every few minutes, and once an hour waits for AWS where the stage lends roles of its account", () => {
    const rules = ({ Service: template }: typeof made) =>
      all({ ...made, Service: template }, "AWS::Events::Rule")
        .filter(({ id }) => id.startsWith("Canary"))
        .map(({ it }) => [it.Properties.ScheduleExpression, (it.Properties.Targets as { Input: string }[])[0]?.Input]);
    expect(rules(made)).toEqual([
      ["rate(5 minutes)", "{}"],
      ["rate(1 hour)", '{"aws":true}'],
    ]);
    expect(rules(alone)).toEqual([["rate(5 minutes)", "{}"]]);
    const granted = all(alone, "AWS::IAM::ManagedPolicy").filter(({ id }) => id.startsWith("Canary"));
    expect(granted).toEqual([]);
  });
});

describe("the role that its sessions get", () => {
  const policy = resolved(
    made,
    "Service",
    one(Service, "AWS::IAM::ManagedPolicy", "CanaryTarget").Properties.PolicyDocument,
  );
  const [read] = (policy as { Statement: { Resource: string }[] }).Statement;
  const table = read?.Resource ?? "";
  const may = async (action: string, resource: string, key?: string): Promise<string> => {
    const result = await runSimulation(
      {
        request: {
          principal: `arn:aws:sts::${account}:assumed-role/lanyard-dev-${region}-canary-target/AAAAAAAAAAAAAAAAAAAAAA`,
          action,
          resource: { resource, accountId: account },
          contextVariables: {
            "aws:SourceIdentity": "lyd.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
            ...(key === undefined ? {} : { "dynamodb:LeadingKeys": [key] }),
          },
        },
        identityPolicies: [{ name: "grant", policy }],
        permissionBoundaryPolicies: [{ name: "grant", policy }],
        serviceControlPolicies: [],
        resourceControlPolicies: [],
      },
      {},
    );
    if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
    return result.overallResult;
  };

  test("has its grant alone, which is its boundary too", () => {
    const { ManagedPolicyArns, PermissionsBoundary } = one(Service, "AWS::IAM::Role", "CanaryTarget").Properties;
    expect(ManagedPolicyArns).toEqual([PermissionsBoundary]);
    expect(table).toMatch(/:table\/CanaryRuns/);
  });

  test("may read one row, which nobody writes", async () => {
    expect(await may("dynamodb:GetItem", table, canary.ownKey)).toBe("Allowed");
  });

  test.each([
    ["dynamodb:GetItem", table, "run"],
    ["dynamodb:GetItem", table, undefined],
    ["dynamodb:GetItem", `${table}-2`, canary.ownKey],
    ["dynamodb:Query", table, canary.ownKey],
    ["dynamodb:PutItem", table, canary.ownKey],
    ["dynamodb:Scan", table, undefined],
    ["s3:GetObject", "arn:aws:s3:::any/key", undefined],
    ["sts:AssumeRole", `arn:aws:iam::${account}:role/Admin`, undefined],
    ["iam:CreateRole", `arn:aws:iam::${account}:role/any`, undefined],
  ])("threat 10: has no right to %s on %s (%s)", async (action, resource, key) => {
    expect(await may(action, resource, key)).not.toBe("Allowed");
  });
});

describe("the alarms", () => {
  const alarmsOf = (templates: typeof made) =>
    all(templates, "AWS::CloudWatch::Alarm")
      .filter(({ id }) => id.startsWith("WatchCanary"))
      .map(({ id, it }) => [id.slice(11).replace(/[0-9A-F]{8}$/, ""), it.Properties.Threshold]);

  test("stand at what docs/revocation.md promises, place by place, and only of places that are looked at", () => {
    expect(alarmsOf(made)).toEqual([
      ["Introspection", 10_000],
      ["Offline", 15_000],
      ["Credentials", 10_000],
      ["Aws", 65_000],
    ]);
    expect(alarmsOf(alone).map(([place]) => place)).toEqual(["Introspection", "Offline"]);
  });

  test("threat 20: rings for a stop that takes two minutes, long before the credentials end by themselves", () => {
    const awsCredentials = { accounts: [account], lifeSeconds: 600 };
    const stopped = synthesized({ account, awsCredentials, canary: { stopWriter: true } }).templates;
    expect(Object.fromEntries(alarmsOf(stopped))).toMatchObject({ Aws: 120_000 });
    const unstopped = synthesized({ account, awsCredentials, canary: {} }).templates;
    expect(Object.fromEntries(alarmsOf(unstopped))).toMatchObject({ Aws: 305_000 });
  });

  test("ring when nothing is measured any more", () => {
    expect(one(Service, "AWS::CloudWatch::Alarm", "WatchCanaryIntrospection").Properties.TreatMissingData).toBe(
      "breaching",
    );
  });
});
