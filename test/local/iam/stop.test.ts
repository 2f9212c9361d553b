import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  DeletePolicyVersionCommand,
  GetPolicyVersionCommand,
  IAMClient,
  PutRolePermissionsBoundaryCommand,
  SetDefaultPolicyVersionCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { App, Stack } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { beforeAll, describe, expect, it } from "vitest";
import { lineageOf } from "../../../core/aws/lineage.ts";
import { restore } from "../../../core/stop/restore.ts";
import type { Stop } from "../../../core/stop/stops.ts";
import { createDenyPolicies } from "../../../lambdas/aws/iam/deny-policies.ts";
import { StopWriter, TargetRole } from "../../../lib/index.ts";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import { agentId, now as aMoment, idOf, listed } from "../../stop/ground.ts";
import { away as central, cloud, outcome, reach, setUp, sts, taken, home as team } from "../sts/ground.ts";

setUp();

/** A team's account with what it deploys: the synthesized roles and policies stand in the embedded cloud. */
const lanyard = { account: central, region: "eu-west-1", stage: "prod", trustDomain: "agents.example.com" };
const stopFunction = `arn:aws:iam::${central}:role/lanyard-prod-eu-west-1-aws-stop`;
const roleOf = { writer: "", target: "" };
let policyArns: string[] = [];
let stopper: Credentials;
let lender: Credentials;
let owner: Credentials;

type Made = { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> };
type Document = { readonly Statement: readonly unknown[] };

/** Ends what the template leaves to CloudFormation. */
function plain(value: unknown, grantArn: string): unknown {
  if (Array.isArray(value)) return value.map((one) => plain(one, grantArn));
  if (typeof value !== "object" || value === null) return value;
  const { "Fn::Join": join, Ref } = value as Record<string, unknown>;
  if (Array.isArray(join)) return (plain(join[1], grantArn) as string[]).join(String(join[0]));
  if (typeof Ref === "string") return Ref === "AWS::Partition" ? "aws" : Ref === "AWS::AccountId" ? team : grantArn;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner, grantArn)]));
}

const iam = (credentials: Credentials) =>
  new IAMClient({ endpoint: cloud.aws.endpoint, region: cloud.aws.region, credentials, maxAttempts: 1 });

beforeAll(async () => {
  process.env.CDK_VALIDATION = "false";
  const app = new App();
  const stack = new Stack(app, "Team", { env: { account: team, region: "eu-west-1" } });
  new StopWriter(stack, "Stop", { lanyard });
  const table = `arn:aws:dynamodb:eu-west-1:${team}:table/*`;
  const statements = [new PolicyStatement({ actions: ["dynamodb:GetItem", "dynamodb:PutItem"], resources: [table] })];
  new TargetRole(stack, "Rows", { lanyard, agents: ["planner", "clerk"], roleName: "Rows", statements });
  const { Resources } = app.synth().getStackByName("Team").template as { Resources: Record<string, Made> };
  owner = cloud.addOperator(`arn:aws:iam::${team}:role/Owner`, {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
  });
  const grantArn = `arn:aws:iam::${team}:policy/lanyard/target/Grant`;
  const of = (type: string) => Object.values(Resources).filter(({ Type }) => Type === type);
  policyArns = [];
  for (const { Properties } of of("AWS::IAM::ManagedPolicy")) {
    const { ManagedPolicyName = "Grant", Path, PolicyDocument } = plain(Properties, grantArn) as Record<string, string>;
    const { Policy } = await iam(owner).send(
      new CreatePolicyCommand({
        PolicyName: ManagedPolicyName,
        Path,
        PolicyDocument: JSON.stringify(PolicyDocument),
      }),
    );
    if (ManagedPolicyName !== "Grant") policyArns.push(Policy?.Arn ?? "");
  }
  const inline = of("AWS::IAM::Policy").map(({ Properties }) => plain(Properties.PolicyDocument, grantArn) as Document);
  for (const { Properties } of of("AWS::IAM::Role")) {
    const role = plain(Properties, grantArn) as {
      readonly RoleName: string;
      readonly Path: string;
      readonly AssumeRolePolicyDocument: Document;
      readonly ManagedPolicyArns?: string[];
      readonly PermissionsBoundary?: string;
    };
    const arn = `arn:aws:iam::${team}:role${role.Path}${role.RoleName}`;
    const isWriter = role.Path === "/lanyard/stop/";
    roleOf[isWriter ? "writer" : "target"] = arn;
    cloud.addRole({
      arn,
      trust: role.AssumeRolePolicyDocument,
      ...(isWriter && { policies: inline }),
      ...(role.ManagedPolicyArns && { managedPolicyArns: role.ManagedPolicyArns }),
      ...(role.PermissionsBoundary && { boundary: role.PermissionsBoundary }),
    });
  }
  const assumes = (...Action: string[]) => ({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action, Resource: Object.values(roleOf) }],
  });
  stopper = cloud.addOperator(stopFunction, assumes("sts:AssumeRole"));
  lender = cloud.addOperator(
    `arn:aws:iam::${central}:role/lanyard-prod-eu-west-1-credentials`,
    assumes("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"),
  );
});

const place = () => ({ endpoint: cloud.aws.endpoint, region: cloud.aws.region });
const externalId = "agents.example.com/prod";
const policies = (credentials = stopper) =>
  createDenyPolicies({ writerArn: roleOf.writer, externalId, policyArns }, { ...place(), credentials });

/** One run of the function `aws-stop` for this account. */
const stop = (...stops: Stop[]) =>
  restore({
    clock: { nowMillis: () => aMoment * 1000 },
    stops: async () => ({ version: 1, stops }),
    policies: policies(),
    account: team,
    shards: policyArns.length,
  });

/** Credentials of a session, as the function `credentials` has them made. */
async function session(root: string, sid: string, name = "planner"): Promise<Credentials> {
  const { sourceIdentity, roleSessionName, tags } = lineageOf({
    root,
    sid,
    actors: [agentId(name)],
    principal: { id: `p_${"a".repeat(32)}`, kind: "person" },
  });
  return taken(
    await sts(lender).send(
      new AssumeRoleCommand({
        RoleArn: roleOf.target,
        RoleSessionName: roleSessionName,
        SourceIdentity: sourceIdentity,
        ExternalId: externalId,
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        TransitiveTagKeys: Object.keys(tags),
        DurationSeconds: 900,
      }),
    ),
  );
}

const dead = (root: string, sid?: string): Stop => {
  const { sid: _, ...tree } = listed({ account: team, root, untilSeconds: aMoment + 600 });
  return sid === undefined ? tree : { ...tree, sid };
};
const ids = (() => {
  let made = 0;
  return (letter: string) => {
    made += 1;
    return idOf(letter, made);
  };
})();

describe("threat 20: the stop in an account of a team", () => {
  it("cuts a dead session by the policies that the target role has attached, and no living sibling", async () => {
    const [root, a, b] = [ids("R"), ids("S"), ids("S")];
    const [one, sibling] = [await session(root, a), await session(root, b, "clerk")];
    expect(await reach(one)).toEqual({ read: "ok", write: "ok" });
    await stop(dead(root, a));
    expect(await reach(one)).toEqual({ read: "AccessDeniedException", write: "AccessDeniedException" });
    expect(await reach(sibling)).toEqual({ read: "ok", write: "ok" });
    // and ends with the credentials: nothing is left behind
    await stop();
    expect(await reach(one)).toEqual({ read: "ok", write: "ok" });
  });

  it("cuts a whole tree, an agent and everybody, for what was issued before", async () => {
    const root = ids("R");
    const [one, clerk, other] = [
      await session(root, ids("S")),
      await session(root, ids("S"), "clerk"),
      await session(ids("R"), ids("S")),
    ];
    const can = async () => [await reach(one), await reach(clerk), await reach(other)].map(({ read }) => read === "ok");
    await stop(dead(root));
    expect(await can()).toEqual([false, false, true]);
    const soon = Math.floor(Date.now() / 1000) + 5;
    const untilSeconds = aMoment + 900;
    await stop({ kind: "agent", id: agentId("clerk"), beforeSeconds: soon, untilSeconds });
    expect(await can()).toEqual([true, false, true]);
    await stop({ kind: "agent", id: agentId("clerk"), beforeSeconds: soon - 60, untilSeconds });
    expect(await can()).toEqual([true, true, true]);
    await stop({ kind: "deployment", id: "", beforeSeconds: soon, untilSeconds });
    expect(await can()).toEqual([false, false, false]);
    await stop();
  });

  it("undoes what somebody else wrote, also an older version that was made to count", async () => {
    const [root, sid] = [ids("R"), ids("S")];
    const one = await session(root, sid);
    await stop(dead(root, sid));
    const nothing = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
    });
    for (const PolicyArn of policyArns) {
      const VersionId = await oldest(PolicyArn);
      if (VersionId) await iam(owner).send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
      const foreign = { PolicyArn, PolicyDocument: nothing, SetAsDefault: true };
      await iam(owner).send(new CreatePolicyVersionCommand(foreign));
    }
    expect((await reach(one)).read).toBe("ok");
    expect(await stop(dead(root, sid))).toMatchObject({ written: policyArns.length });
    expect((await reach(one)).read).toBe("AccessDeniedException");
    const [PolicyArn = ""] = policyArns;
    for (let made = 0; made < 8; made++) await stop(dead(root, sid), dead(root, ids("S")));
    await iam(owner).send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: await oldest(PolicyArn) }));
    await stop(dead(root, sid));
    expect((await reach(one)).read).toBe("AccessDeniedException");
    await stop();
  });

  it("is the same after two writers at once", async () => {
    const all = Array.from({ length: 150 }, () => [ids("R"), ids("S")] as const);
    const stops = all.map(([root, sid]) => dead(root, sid));
    const [first, last] = [await session(...(all[0] ?? ["", ""])), await session(...(all[149] ?? ["", ""]))];
    await Promise.all([stop(...stops), stop(...stops), stop(...stops)]);
    expect([(await reach(first)).read, (await reach(last)).read]).toEqual([
      "AccessDeniedException",
      "AccessDeniedException",
    ]);
    await stop();
  });
});

const oldest = async (PolicyArn: string): Promise<string> => {
  const { versions } = await policies().read(policyArns.indexOf(PolicyArn));
  return versions.find(({ isDefault }) => !isDefault)?.id ?? "";
};

describe("threat 20: the writer role", () => {
  const writer = async () =>
    taken(
      await sts(stopper).send(
        new AssumeRoleCommand({ RoleArn: roleOf.writer, RoleSessionName: "stop", ExternalId: externalId }),
      ),
    );
  const allowAll = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
  });

  it("adds nothing to a target role, whatever it writes: the role's boundary is its own grant", async () => {
    const one = await session(ids("R"), ids("S"));
    const [PolicyArn = ""] = policyArns;
    const by = iam(await writer());
    const former = await oldest(PolicyArn);
    if (former) await by.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: former }));
    const evil = { PolicyArn, PolicyDocument: allowAll, SetAsDefault: true };
    await by.send(new CreatePolicyVersionCommand(evil));
    const [RoleName, mine] = ["Rows", iam(one)];
    expect(await outcome(mine.send(new AttachRolePolicyCommand({ RoleName, PolicyArn })))).toBe("AccessDenied");
    expect(await reach(one)).toEqual({ read: "ok", write: "ok" });
    await stop();
  });

  it("touches no other policy, attaches nothing, and makes no older version count", async () => {
    const by = iam(await writer());
    const grant = `arn:aws:iam::${team}:policy/lanyard/target/Grant`;
    const other = `arn:aws:iam::${team}:policy/lanyard/deny/lanyard-test-eu-west-1-deny-0`;
    const [PolicyArn = ""] = policyArns;
    const refused = [
      ...[grant, other].flatMap((arn) => [
        by.send(new CreatePolicyVersionCommand({ PolicyArn: arn, PolicyDocument: allowAll, SetAsDefault: true })),
        by.send(new DeletePolicyVersionCommand({ PolicyArn: arn, VersionId: "v1" })),
        by.send(new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: "v1" })),
      ]),
      by.send(new CreatePolicyCommand({ PolicyName: "mine", Path: "/lanyard/deny/", PolicyDocument: allowAll })),
      by.send(new AttachRolePolicyCommand({ RoleName: "Rows", PolicyArn })),
      by.send(new PutRolePermissionsBoundaryCommand({ RoleName: "Rows", PermissionsBoundary: PolicyArn })),
      by.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: "v1" })),
    ];
    for (const call of refused) expect(await outcome(call)).toBe("AccessDenied");
    expect((await reach(await writer())).read).toBe("AccessDeniedException");
  });

  it("is assumed by the stop's function alone, with the deployment's external id", async () => {
    const input = { RoleArn: roleOf.writer, RoleSessionName: "stop" };
    const assume = (by: Credentials, more: object) =>
      outcome(sts(by).send(new AssumeRoleCommand({ ...input, ...more })));
    expect(await assume(stopper, { ExternalId: externalId })).toBe("ok");
    expect(await assume(stopper, {})).toBe("AccessDenied");
    expect(await assume(stopper, { ExternalId: "agents.example.com/test" })).toBe("AccessDenied");
    expect(await assume(lender, { ExternalId: externalId })).toBe("AccessDenied");
    expect(await assume(await session(ids("R"), ids("S")), { ExternalId: externalId })).toBe("AccessDenied");
  });
});
