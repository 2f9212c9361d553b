import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { boot, type RunningCloud } from "../../local/demo/boot.ts";
import { readRecords } from "../../local/demo/story/records.ts";
import { putFunctions } from "../../scripts/kept/functions.ts";
import { templateFile } from "../../scripts/template-file.ts";
import { listen } from "../kit/wire/server.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lanyard-deployed-"));
const registry = join(folder, "registry");
const variables = {
  identityProvider: "https://login.support-desk.example",
  stsIssuer: "https://0123.tokens.sts.global.api.aws",
};

/** Runs the app as `cdk synth` does, on a stage whose registry is the folder above. */
function synthesize(more: object = {}, out = "cdk.out") {
  const stages = join(folder, "stages");
  mkdirSync(stages, { recursive: true });
  const local = JSON.parse(readFileSync(join(root, "stages/local.json"), "utf8"));
  writeFileSync(
    join(stages, "local.json"),
    JSON.stringify({ ...local, registry: { folder: registry, variables, ...more } }),
  );
  const { context } = JSON.parse(readFileSync(join(root, "cdk.json"), "utf8"));
  const { status, stderr } = spawnSync(process.execPath, ["bin/app.ts"], {
    cwd: root,
    env: {
      ...process.env,
      CDK_OUTDIR: join(folder, out),
      CDK_VALIDATION: "false",
      CDK_CONTEXT_JSON: JSON.stringify({
        ...context,
        stage: "local",
        stages,
        "lanyard:functions": join(folder, "dist"),
      }),
    },
    encoding: "utf8",
  });
  return { status, stderr, out: join(folder, out) };
}
const rewrite = (file: string, from: string, to: string) => {
  const path = join(registry, file);
  const text = readFileSync(path, "utf8");
  if (!text.includes(from)) throw new Error(`${file} does not say ${from}`);
  writeFileSync(path, text.replace(from, to));
};

beforeAll(async () => {
  await putFunctions(join(folder, "dist"));
  cpSync(join(root, "examples/support-desk"), registry, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("synthesis", () => {
  it("refuses a folder that does not hold up, with file and line, and writes no template", () => {
    rewrite("agents/triage.yaml", "tickets:write", "tickets:burn");
    const { status, stderr } = synthesize({}, "refused");
    rewrite("agents/triage.yaml", "tickets:burn", "tickets:write");
    expect(status).toBe(1);
    expect(stderr).toMatch(/^agents\/triage\.yaml:16: .*tickets:burn/m);
  });

  it("refuses a variable that the stage does not give", () => {
    const { status, stderr } = synthesize({ variables: {} }, "refused");
    expect(status).toBe(1);
    expect(stderr).toContain("nobody gave a value for ${");
  });
});

describe("a deployment of the embedded cloud", () => {
  const state = join(folder, "state");
  let cloud: RunningCloud;
  afterAll(() => cloud?.close());

  const deploy = async () => {
    await cloud?.close();
    const { status, stderr, out } = synthesize();
    expect([status, stderr]).toEqual([0, ""]);
    cloud = await boot({ assembly: out, directory: state });
  };
  const stackId = "arn:aws:cloudformation:eu-west-1:111122223333:stack/lanyard-local-service/local";

  /** Sends an event to the bundled function, as CloudFormation would, and returns its answer. */
  async function event(RequestType: string, properties: object): Promise<Record<string, unknown>> {
    const { origin, asked, close } = await listen(() => ({}));
    await cloud.invoke("registry-applier", {
      RequestType,
      ResponseURL: `${origin}/`,
      StackId: stackId,
      RequestId: randomUUID(),
      LogicalResourceId: "Registry",
      ResourceProperties: properties,
    });
    await close();
    return JSON.parse(asked.map(({ body }) => body).join(""));
  }
  const digestOf = () => {
    const { Resources } = JSON.parse(
      readFileSync(templateFile(join(folder, "cdk.out"), "lanyard-local-service"), "utf8"),
    ) as {
      Resources: Record<string, { Type: string; Properties: { Digest: string } }>;
    };
    return Object.values(Resources).find(({ Type }) => Type === "Custom::Registry")?.Properties.Digest ?? "";
  };

  it("fills the registry, moves it on, rolls it back, and leaves it when the stack goes", async () => {
    await deploy();
    const first = digestOf();
    expect(cloud.outputs).toMatchObject({ RegistryVersion: "1", RegistryOutcome: "applied" });
    await deploy();
    expect(cloud.outputs).toMatchObject({ RegistryVersion: "1", RegistryOutcome: "unchanged" });
    rewrite("agents/triage.yaml", "state: active", "state: suspended");
    await deploy();
    expect(digestOf()).not.toBe(first);
    expect(cloud.outputs).toMatchObject({ RegistryVersion: "2", RegistryOutcome: "applied" });
    expect(await event("Update", { Digest: first, Force: "false" })).toMatchObject({
      Status: "SUCCESS",
      PhysicalResourceId: "registry",
      Data: { Version: "3", Outcome: "restored" },
    });
    expect(await event("Delete", { Digest: first, Force: "false" })).toMatchObject({ Status: "SUCCESS" });
    expect(await event("Update", { Digest: first, Force: "false" })).toMatchObject({
      Data: { Version: "3", Outcome: "unchanged" },
    });
    expect(await event("Update", { Digest: "f".repeat(64), Force: "false" })).toMatchObject({ Status: "FAILED" });
  });

  it("is watched: a late review and a silent agent are told of once, and counted as long as they stand", async () => {
    rewrite("agents/planner.yaml", "state: active", "state: active\nreviewBy: 2020-01-31\ndormantAfterDays: 7");
    await deploy();
    const counts = async () => {
      await cloud.invoke("lifecycle-watch", {});
      const line = cloud.logs("lifecycle-watch").findLast((text) => text.includes("AgentsOverdue"));
      const { AgentsOverdue, AgentsDormant, service, stage } = JSON.parse(line?.slice(line.indexOf("{")) ?? "{}");
      expect([service, stage]).toEqual(["lifecycle-watch", "local"]);
      return { overdue: AgentsOverdue, dormant: AgentsDormant };
    };
    expect(await counts()).toEqual({ overdue: 1, dormant: 0 });
    // as if it had been silent since it was first seen, eight days ago
    const { status } = await cloud.dynamodb("UpdateItem", {
      TableName: cloud.outputs.TracesTable,
      Key: { kind: { S: "trace" }, name: { S: "planner" } },
      UpdateExpression: "SET seenAtSeconds = seenAtSeconds - :days",
      ConditionExpression: "attribute_exists(seenAtSeconds)",
      ExpressionAttributeValues: { ":days": { N: String(8 * 86_400) } },
    });
    expect(status).toBe(200);
    expect(await counts()).toEqual({ overdue: 1, dormant: 1 });
    expect(await counts()).toEqual({ overdue: 1, dormant: 1 });
    await cloud.flushAudit();
    const told = readRecords(cloud.auditFolder).filter(({ facts }) => facts.operation.startsWith("agent."));
    expect(told.map(({ facts }) => facts.operation).sort()).toEqual(["agent.dormant", "agent.overdue"]);
  });

  it("needs no rights but those their roles have", () => {
    const calls = cloud.calls().filter(({ roleArn }) => /registry-applier|lifecycle-watch/.test(roleArn));
    expect(calls.length).toBeGreaterThan(3);
    expect(calls.filter(({ status }) => status !== 200)).toEqual([]);
  });
});
