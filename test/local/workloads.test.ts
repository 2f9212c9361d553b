import { rmSync } from "node:fs";
import { DescribeTasksCommand, ECSClient } from "@aws-sdk/client-ecs";
import { GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { GetFunctionCommand, GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { awsStsCallerIdentity } from "../../client/evidence/aws-sts-caller-identity.ts";
import { ecsTask } from "../../client/evidence/ecs-task.ts";
import type { Expectation } from "../../core/attest/contract/attestor.ts";
import { awsStsCallerIdentity as callerAttestor } from "../../core/attest/methods/aws-sts-caller-identity/attestor.ts";
import { ecsTask as taskAttestor } from "../../core/attest/methods/ecs-task/attestor.ts";
import { createCodeLookup } from "../../lambdas/aws/control-plane/code-lookup.ts";
import { createStsRelay } from "../../lambdas/aws/outbound/sts-relay.ts";
import type { Credentials } from "../../local/emulator/iam/caller.ts";
import type { RunningCloud } from "../../local/emulator/running.ts";
import { registry } from "../kit/registry.ts";
import { writeAssembly } from "./fixture/assembly.ts";
import { boot } from "./fixture/boot.ts";

const account = "111122223333";
const functionArn = `arn:aws:lambda:eu-west-1:${account}:function:planner`;
const taskId = "0123456789abcdef0123456789abcdef";
const imageDigest = `sha256:${"a".repeat(64)}`;
const codeSha256 = `${"A".repeat(43)}=`;

const assembly = writeAssembly();
let cloud: RunningCloud;
let task: Credentials;
let planner: Credentials;
let shared: Credentials;
beforeAll(async () => {
  cloud = await boot({ assembly });
  planner = cloud.addWorkload({
    name: "planner",
    roleArn: `arn:aws:iam::${account}:role/agents/Planner`,
    functionArn,
    versions: { "7": codeSha256 },
  });
  const described = { cluster: "agents", definition: "planner:7", containers: [{ name: "agent", imageDigest }] };
  task = cloud.addWorkload({ name: taskId, roleArn: `arn:aws:iam::${account}:role/agents/Task`, task: described });
  shared = cloud.addWorkload({
    name: "f".repeat(32),
    roleArn: `arn:aws:iam::${account}:role/agents/Shared`,
    task: described,
    trust: { Service: "ecs-tasks.amazonaws.com", AWS: `arn:aws:iam::${account}:root` },
  });
});
afterAll(async () => {
  await cloud?.close();
  rmSync(assembly, { recursive: true, force: true });
});
afterEach(() => {
  cloud.faults.clear();
  vi.unstubAllEnvs();
});

const settings = (credentials: Credentials = cloud.operator) => ({
  endpoint: cloud.aws.endpoint,
  region: cloud.aws.region,
  credentials,
  maxAttempts: 1,
});
const nameOf = (work: Promise<unknown>) =>
  work.then(
    () => "ok",
    (thrown: Error) => thrown.name,
  );

describe("the control plane", () => {
  it("describes published versions, and no others", async () => {
    const lambda = new LambdaClient(settings());
    const told = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functionArn, Qualifier: "7" }));
    expect(told).toMatchObject({ FunctionArn: `${functionArn}:7`, Version: "7", CodeSha256: codeSha256 });
    const whole = await lambda.send(new GetFunctionCommand({ FunctionName: "planner", Qualifier: "7" }));
    expect(whole.Configuration?.CodeSha256).toBe(codeSha256);
    const missing = lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functionArn, Qualifier: "8" }));
    expect(await nameOf(missing)).toBe("ResourceNotFoundException");
  });

  it("describes tasks, and tells which it does not know", async () => {
    const { tasks, failures } = await new ECSClient(settings()).send(
      new DescribeTasksCommand({ cluster: "agents", tasks: [taskId, "0".repeat(32)] }),
    );
    expect(tasks).toMatchObject([
      {
        taskArn: `arn:aws:ecs:eu-west-1:${account}:task/agents/${taskId}`,
        taskDefinitionArn: `arn:aws:ecs:eu-west-1:${account}:task-definition/planner:7`,
        lastStatus: "RUNNING",
        containers: [{ name: "agent", imageDigest }],
      },
    ]);
    expect(failures).toMatchObject([{ reason: "MISSING" }]);
  });

  it("describes roles with path and trust", async () => {
    const iam = new IAMClient(settings());
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: "Task" }));
    expect(Role).toMatchObject({ Path: "/agents/", Arn: `arn:aws:iam::${account}:role/agents/Task` });
    expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? "")).toContain('"Service":"ecs-tasks.amazonaws.com"');
    expect(await nameOf(iam.send(new GetRoleCommand({ RoleName: "Nobody" })))).toMatch(/^NoSuchEntity/);
  });

  it("answers nobody whose policies do not say so", async () => {
    const { endpoint, ...rest } = settings(planner);
    const asked = [
      new LambdaClient({ endpoint, ...rest }).send(new GetFunctionCommand({ FunctionName: "planner", Qualifier: "7" })),
      new ECSClient({ endpoint, ...rest }).send(new DescribeTasksCommand({ cluster: "agents", tasks: [taskId] })),
      new IAMClient({ endpoint, ...rest }).send(new GetRoleCommand({ RoleName: "Task" })),
    ];
    expect(await Promise.all(asked.map(nameOf))).toEqual([
      "AccessDeniedException",
      "AccessDeniedException",
      expect.stringMatching(/^AccessDenied/),
    ]);
  });
});

describe("real evidence", () => {
  const issuer = "http://127.0.0.1:4600";
  const expectation = (): Expectation => ({
    challenge: "c-1",
    jkt: "k-1",
    issuer,
    nowSeconds: Math.floor(Date.now() / 1000),
    registry: registry(),
  });
  const evidenceOf = (credentials: Credentials, cluster?: string) => {
    const signing = { region: "eu-west-1", credentials };
    const source = cluster === undefined ? awsStsCallerIdentity(signing) : ecsTask({ ...signing, cluster });
    return source.collect({ issuer, challenge: "c-1", jkt: "k-1", publicKey: new Uint8Array(91) });
  };
  const relay = () => createStsRelay(cloud.aws.endpoint);
  const lookup = () => {
    const { accessKeyId, secretAccessKey, sessionToken } = cloud.operator;
    for (const [name, value] of Object.entries({
      AWS_ENDPOINT_URL: cloud.aws.endpoint,
      AWS_REGION: cloud.aws.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    }))
      vi.stubEnv(name, value);
    return createCodeLookup();
  };
  const callerIdentity = () => callerAttestor({ relay: relay(), partition: "aws" });
  const tasks = () => taskAttestor({ relay: relay(), partition: "aws", lookup: lookup() });

  it("of a signed request is proven by a STS that verifies the signature", async () => {
    const result = await callerIdentity().attest(await evidenceOf(planner), expectation());
    expect(result).toMatchObject({
      ok: true,
      value: {
        facts: {
          account,
          roleArn: `arn:aws:iam::${account}:role/Planner`,
          sessionName: "planner",
          region: "eu-west-1",
        },
      },
    });
  });

  it.each(["lanyard-challenge", "lanyard-jkt", "lanyard-issuer"])(
    "threat 16: whose %s was changed after it was signed is refused by STS itself",
    async (name) => {
      const evidence = await evidenceOf(planner);
      const headers = { ...(evidence.headers as Record<string, string>), [name]: "thief" };
      const thief = { "lanyard-challenge": "challenge", "lanyard-jkt": "jkt", "lanyard-issuer": "issuer" }[name] ?? "";
      const result = await callerIdentity().attest({ ...evidence, headers }, { ...expectation(), [thief]: "thief" });
      expect(result).toMatchObject({ ok: false, error: { code: "evidence_invalid", check: "signature" } });
    },
  );

  it("is to be tried again while STS throttles", async () => {
    cloud.faults.inject({ kind: "throttle", service: "sts" });
    expect(await callerIdentity().attest(await evidenceOf(planner), expectation())).toMatchObject({
      error: { code: "attestation_unavailable" },
    });
  });

  it("of a task is proven by STS, ECS and IAM together", async () => {
    expect(await tasks().attest(await evidenceOf(task, "agents"), expectation())).toMatchObject({
      ok: true,
      value: {
        facts: { roleArn: `arn:aws:iam::${account}:role/agents/Task`, taskId, family: "planner", revision: "7" },
        build: imageDigest,
      },
    });
  });

  it("threat 30: of a task whose role the account may assume is refused", async () => {
    expect(await tasks().attest(await evidenceOf(shared, "agents"), expectation())).toMatchObject({
      error: { code: "evidence_invalid", check: "trust" },
    });
  });

  it("of a task that another cluster runs, or nobody, is refused", async () => {
    expect(await tasks().attest(await evidenceOf(task, "other"), expectation())).toMatchObject({
      error: { code: "evidence_invalid", check: "task" },
    });
  });

  it("of a version is looked up, and what cannot be asked is told apart from what is not there", async () => {
    const look = lookup();
    expect(await look.functionVersion(functionArn, "7")).toEqual({
      ok: true,
      value: { arn: `${functionArn}:7`, version: "7", codeSha256 },
    });
    expect(await look.functionVersion(functionArn, "8")).toMatchObject({ error: { why: "missing" } });
    expect(await look.role("Nobody")).toMatchObject({ error: { why: "missing" } });
    expect(await look.task("agents", "0".repeat(32))).toMatchObject({ error: { why: "missing" } });
    for (const service of ["lambda", "ecs", "iam"]) cloud.faults.inject({ kind: "down", service });
    expect(await look.functionVersion(functionArn, "7")).toMatchObject({ error: { why: "unavailable" } });
    expect(await look.role("Task")).toMatchObject({ error: { why: "unavailable" } });
    expect(await look.task("agents", taskId)).toMatchObject({ error: { why: "unavailable" } });
  });

  it("never goes to a name that is not STS's: the endpoint answers no other host", async () => {
    const sent = await relay().send({ host: "sts.evil.example", headers: {}, body: "" });
    expect(sent.ok && sent.value.status).toBe(403);
  });
});
