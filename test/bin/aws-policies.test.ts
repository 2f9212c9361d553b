import { describe, expect, test } from "vitest";
import { run } from "../../bin/lanyard/program.ts";
import { organizationPolicies } from "../../lib/index.ts";

const deployers = ["arn:aws:iam::*:role/cdk-*-cfn-exec-role-*", "arn:aws-us-gov:iam::111122223333:role/ci/Deployer"];

async function lanyard(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await run(["aws-policies", ...args], { terminal, env: {}, folder: "/nowhere" });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

const guarding = deployers.flatMap((arn) => ["--deployer", arn]);

describe("lanyard aws-policies prints, and asks no deployment, what organizationPolicies makes:", () => {
  test("the guard, with everybody who deploys", async () => {
    const { code, out } = await lanyard("guard", ...guarding);
    expect([code, JSON.parse(out)]).toEqual([0, organizationPolicies({ deployers }).guard]);
    expect(out).not.toContain("\n");
  });

  test("the stop, of all credentials or of those issued before a moment", async () => {
    expect(JSON.parse((await lanyard("stop")).out)).toEqual(organizationPolicies({ deployers }).stop);
    const issuedBefore = new Date("2026-12-01T09:30:00Z");
    const { out } = await lanyard("stop", "--issued-before", issuedBefore.toISOString());
    expect(JSON.parse(out)).toEqual(organizationPolicies({ deployers, issuedBefore }).stop);
  });

  test("the stop at resources, of the services that are named", async () => {
    const usual = await lanyard("stop-at-resources");
    expect(JSON.parse(usual.out)).toEqual(organizationPolicies({ deployers }).stopAtResources);
    const services = ["s3", "dynamodb"];
    const { out } = await lanyard("stop-at-resources", "--service", "s3", "--service", "dynamodb");
    expect(JSON.parse(out)).toEqual(organizationPolicies({ deployers, services }).stopAtResources);
  });
});

describe("lanyard aws-policies ends with 2, and prints no policy, for", () => {
  test.each([
    ["no policy", [], "missing required argument"],
    ["one that there is not", ["rcp"], "Allowed choices are guard, stop, stop-at-resources"],
    ["a guard that lets nobody deploy", ["guard"], "--deployer"],
    ["everybody as who deploys", ["guard", "--deployer", "*"], "no pattern of a role's ARN"],
    ["a user as who deploys", ["guard", "--deployer", "arn:aws:iam::*:user/ada"], "no pattern of a role's ARN"],
    ["a stop with who deploys", ["stop", ...guarding], "--deployer is for guard"],
    ["a guard with a moment", ["guard", ...guarding, "--issued-before", "1h"], "--issued-before is for stop"],
    ["a moment that is none", ["stop", "--issued-before", "yesterday"], "--issued-before is like"],
    ["a stop of services", ["stop", "--service", "s3"], "--service is for stop-at-resources"],
    ["all services by a sign", ["stop-at-resources", "--service", "*"], "no service's prefix"],
    ["an action as a service", ["stop-at-resources", "--service", "s3:GetObject"], "no service's prefix"],
    [
      "more than AWS Organizations takes",
      [
        "guard",
        ...Array.from({ length: 80 }, (_, n) => ["--deployer", `arn:aws:iam::*:role/${n}-${"d".repeat(60)}`]).flat(),
      ],
      "AWS Organizations takes 5120",
    ],
  ])("%s", async (_, args, why) => {
    const { code, out, err } = await lanyard(...args);
    expect([code, out, err]).toEqual([2, "", expect.stringContaining(why)]);
  });
});
