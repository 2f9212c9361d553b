import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Stack } from "aws-cdk-lib";
import { type IManagedPolicy, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { describe, expect, test } from "vitest";
import { StopWriter, TargetRole } from "../../../lib/index.ts";
import { lanyard, lineage, made, may, team } from "./ground.ts";

const object = "arn:aws:s3:::files/a";
const reading = new PolicyStatement({ actions: ["s3:GetObject"], resources: ["arn:aws:s3:::files/*"] });
const { grant, role, grantId } = made({ statements: [reading] });
const { sourceIdentity } = lineage;
const read = { action: "s3:GetObject", resource: object, sourceIdentity };
const everything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };

describe("a target role", () => {
  test("may what its owner granted, and put further session policies on", async () => {
    expect(await may(grant, read)).toBe(true);
    expect(await may(grant, { ...read, action: "s3:PutObject" })).toBe(false);
    // the simulator's list of actions does not have this one yet
    expect(grant.Statement).toContainEqual({
      Sid: "FurtherSessionPolicies",
      Effect: "Allow",
      Action: "sts:GetScopedCredentials",
      Resource: "*",
    });
  });

  test("lives an hour at most, and is found by its path", () => {
    expect(role).toMatchObject({ MaxSessionDuration: 3_600, Path: "/lanyard/target/", RoleName: "Files" });
  });

  test("takes what a construct grants into its grant", async () => {
    const used = made({}, (target, stack) => new Bucket(stack, "Tickets").grantRead(target));
    const bucket = JSON.stringify(used.grant).match(/arn:aws:s3:::tickets\w+/)?.[0] ?? "";
    expect(await may(used.grant, { ...read, resource: `${bucket}/a` })).toBe(true);
    expect(await may(used.grant, { ...read, action: "s3:PutObject", resource: `${bucket}/a` })).toBe(false);
  });
});

describe("threat 20: whatever is attached to a target role", () => {
  test("adds nothing: its own grant is its permissions boundary", async () => {
    expect(role).toMatchObject({ PermissionsBoundary: { Ref: grantId } });
    expect((role.ManagedPolicyArns as unknown[])[0]).toEqual({ Ref: grantId });
    for (const action of ["s3:PutObject", "s3:DeleteObject"])
      expect(await may(grant, { ...read, action }, [everything])).toBe(false);
    expect(
      await may(
        grant,
        { action: "iam:CreatePolicyVersion", resource: `arn:aws:iam::${team}:policy/lanyard/deny/one`, sourceIdentity },
        [everything],
      ),
    ).toBe(false);
  });

  test("takes away", async () => {
    const deny = {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Action: "*",
          Resource: "*",
          Condition: { StringLike: { "aws:SourceIdentity": `lyd.${"R".repeat(22)}.*` } },
        },
      ],
    };
    expect(await may(grant, read, [deny])).toBe(false);
    expect(await may(grant, { ...read, sourceIdentity: `lyd.${"Q".repeat(22)}.${"S".repeat(22)}` }, [deny])).toBe(true);
  });

  test("leads to no role that a cut would not reach", async () => {
    const wide = made({ statements: [new PolicyStatement({ actions: ["*"], resources: ["*"] })] }).grant;
    const assume = (resource: string) =>
      may(wide, { action: "sts:AssumeRole", resource, sourceIdentity }, [everything]);
    expect(await assume(`arn:aws:iam::${team}:role/Admin`)).toBe(false);
    expect(await assume("arn:aws:iam::999900001111:role/lanyard/Admin")).toBe(false);
    expect(await assume(`arn:aws:iam::${team}:role/lanyard/target/Other`)).toBe(true);
  });

  test("does nothing for a session that nobody can be told for", async () => {
    const { sourceIdentity: _, ...unnamed } = read;
    expect(await may(grant, unnamed)).toBe(false);
    expect(await may(grant, { ...read, sourceIdentity: "alice" })).toBe(false);
  });
});

describe("a target role with the organization's own boundary", () => {
  const withStop = (more: Parameters<typeof made>[0]) => {
    let stop: TargetRole["stop"] | undefined;
    return { ...made({ statements: [reading], ...more }, (target) => (stop = target.stop)), stop };
  };

  test("takes it, and says that the stop is off", () => {
    const managedPolicyArn = `arn:aws:iam::${team}:policy/OrganizationBoundary`;
    const bounded = withStop({ boundary: { managedPolicyArn } as IManagedPolicy });
    expect(bounded.stop).toBe("off");
    expect(bounded.role).toMatchObject({ PermissionsBoundary: managedPolicyArn });
    expect(bounded.warnings.join()).toContain("The surgical stop is off for this role");
  });

  test("is the only one that says so, or one whose account has no stop writer", () => {
    expect(withStop({ stopWriter: true })).toMatchObject({ stop: "on", warnings: [] });
    expect(withStop({ stopWriter: false })).toMatchObject({ stop: "off", warnings: [] });
  });

  test("says at synthesis that the account needs a stop writer, where nobody said that it has one and the app makes none", () => {
    const { stop, warnings } = withStop({});
    expect([stop, warnings]).toEqual([
      "on",
      [expect.stringContaining("its deployment fails where the account has none")],
    ]);
  });

  test("does not say so where the app makes a stop writer, before the role or after it", () => {
    for (const isFirst of [true, false]) {
      const app = new App({ outdir: mkdtempSync(join(tmpdir(), "lanyard-stop-")) });
      const stack = new Stack(app, "Team", { env: { account: team, region: lanyard.region } });
      const parts = [
        () => new StopWriter(stack, "Stop", { lanyard }),
        () => new TargetRole(stack, "Files", { lanyard, agents: ["planner"] }),
      ];
      for (const make of isFirst ? parts : parts.toReversed()) make();
      app.synth();
      const said = stack.node.findAll().flatMap(({ node }) => node.metadata.map(({ data }) => String(data)));
      expect(said.filter((text) => text.includes("its deployment fails"))).toEqual([]);
    }
  });

  test("has no deny policies attached, which could be made to add rights to it", () => {
    const managedPolicyArn = `arn:aws:iam::${team}:policy/OrganizationBoundary`;
    const attached = (more: Parameters<typeof made>[0]) => (withStop(more).role.ManagedPolicyArns as unknown[]).length;
    expect(attached({ boundary: { managedPolicyArn } as IManagedPolicy })).toBe(1);
    expect(attached({ stopWriter: false })).toBe(1);
    // its grant and five, of the ten that IAM lets a role have
    expect(attached({})).toBe(6);
  });
});
