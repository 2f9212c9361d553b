import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CfnResource } from "aws-cdk-lib";
import { AccountRootPrincipal, Policy, PolicyStatement, Role } from "aws-cdk-lib/aws-iam";
import { CfnBucket } from "aws-cdk-lib/aws-s3";
import { describe, expect, test } from "vitest";
import type { Deployment } from "../../lib/deployment.ts";
import { bundles, context, synthesized } from "./synthesized.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What cdk-nag and the CloudFormation validator found. */
function findings(folder: string): string[] {
  const report = JSON.parse(readFileSync(join(folder, "validation-report.json"), "utf8")) as {
    pluginReports: { violations: { ruleName: string }[] }[];
  };
  return report.pluginReports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName));
}

describe("cdk-nag and the CloudFormation validator", () => {
  test("find nothing that is not acknowledged with a reason, every option on", () => {
    const codeLookup = {
      lambda: { functions: ["planner"] },
      ecs: { clusters: ["agents"], roles: ["agents/Planner"] },
    };
    const registry = { json: "{}", digest: "0".repeat(64), force: false };
    const cloudTrail = { bucket: "trail-of-all", prefix: "org", accounts: ["111122223333"], regions: ["eu-west-1"] };
    const more = { canary: {}, dashboard: true, parquet: {}, account: "111122223333" };
    const daily = ["role/Operator"];
    const sets = "role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_BreakGlass_*";
    const duties = { read: daily, write: daily, revoke: daily, rotate: daily, approve: daily };
    const operators = { ...duties, kill: ["user/BreakGlass", sets] };
    const settings = {
      ...more,
      operators,
      outboundIdentityFederation: true,
      alarms: { email: "ops@example.com" },
      codeLookup,
      cloudTrail,
    };
    const all = { ...settings, registry: { folder: "registry" } };
    expect(findings(synthesized(all, { validate: true, registry }).folder)).toEqual([]);
  });

  test.each<[string, (made: Deployment) => void, RegExp]>([
    ["a bucket without protection", ({ audit }) => new CfnBucket(audit, "Bare"), /AwsSolutions-S1/],
    [
      "a property that does not exist",
      ({ audit }) => new CfnResource(audit, "Wrong", { type: "AWS::SQS::Queue", properties: { NoSuchProperty: 1 } }),
      /NoSuchProperty/,
    ],
    [
      "a role with every right",
      ({ service }) =>
        new Policy(service, "Wide", {
          roles: [new Role(service, "Any", { assumedBy: new AccountRootPrincipal() })],
          statements: [new PolicyStatement({ actions: ["s3:*"], resources: ["*"] })],
        }),
      /AwsSolutions-IAM5/,
    ],
  ])("do find %s", (_, change, finding) => {
    expect(() => synthesized({}, { validate: true, change })).toThrow(finding);
  });
});

describe("the app", () => {
  const run = (more: Record<string, string>) => {
    const folder = mkdtempSync(join(tmpdir(), "lanyard-app-"));
    const { status, stderr } = spawnSync(process.execPath, ["bin/app.ts"], {
      cwd: root,
      // no credentials, no home, and every way out leads to a closed port
      env: {
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        CDK_OUTDIR: folder,
        CDK_CONTEXT_JSON: JSON.stringify({ ...context, "lanyard:functions": bundles, ...more }),
        CDK_VALIDATION: "false",
        HTTPS_PROXY: "http://127.0.0.1:9",
        HTTP_PROXY: "http://127.0.0.1:9",
        AWS_EC2_METADATA_DISABLED: "true",
      },
      encoding: "utf8",
    });
    return { folder, status, stderr };
  };

  const environmentOf = (folder: string, stackName: string): string | undefined => {
    const { artifacts } = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as {
      artifacts: Record<string, { environment?: string; properties?: { stackName?: string } }>;
    };
    return Object.values(artifacts).find(({ properties }) => properties?.stackName === stackName)?.environment;
  };

  test("synthesizes with no configuration, no credentials and no network", () => {
    const { folder, status, stderr } = run({});
    expect([status, stderr]).toEqual([0, ""]);
    expect(environmentOf(folder, "lanyard-dev-state")).toBe("aws://unknown-account/eu-west-1");
  });

  test("puts stage local where the embedded cloud expects it", () => {
    const { folder } = run({ stage: "local" });
    expect(environmentOf(folder, "lanyard-local-service")).toBe("aws://111122223333/eu-west-1");
  });

  test("refuses an unknown stage in one plain sentence", () => {
    const { status, stderr } = run({ stage: "nowhere" });
    expect(status).toBe(1);
    expect(stderr).toBe('stage "nowhere" has no settings: npm run stage -- nowhere makes stages/nowhere.json\n');
  });

  test("says what to do when the bundles are not built", () => {
    const { status, stderr } = run({ "lanyard:functions": "/nowhere" });
    expect(status).toBe(1);
    expect(stderr).toContain("run `npm run build` first");
  });
});
