import { fc, test } from "@fast-check/vitest";
import { beforeEach, describe, expect, it } from "vitest";
import type { CodeLookup, RoleDescription, TaskDescription } from "../../../core/attest/contract/aws.ts";
import { ecsTask } from "../../../core/attest/methods/ecs-task/attestor.ts";
import { trustsOnly } from "../../../core/attest/methods/ecs-task/trust-policy.ts";
import { err, ok } from "../../../core/model/result.ts";
import {
  callerEvidence,
  expectation,
  type SignedChanges,
  StubSts,
  xmlAnswer,
} from "../../kit/evidence/caller-identity.ts";

const type = "ecs-task";
const taskId = "0123456789abcdef0123456789abcdef";
const digest = `sha256:${"a".repeat(64)}`;
const trust = (statement: object = {}) =>
  encodeURIComponent(
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole", ...statement },
      ],
    }),
  );
const goodRole: RoleDescription = {
  arn: "arn:aws:iam::123456789012:role/agents/Planner",
  uniqueId: "AROAIIRR6I5NDJBWMIRQQ",
  trustPolicy: trust(),
};
const goodTask: TaskDescription = {
  arn: `arn:aws:ecs:eu-west-1:123456789012:task/agents/${taskId}`,
  clusterArn: "arn:aws:ecs:eu-west-1:123456789012:cluster/agents",
  taskDefinitionArn: "arn:aws:ecs:eu-west-1:123456789012:task-definition/planner:7",
  lastStatus: "RUNNING",
  launchType: "FARGATE",
  group: "service:planner",
  containers: [{ name: "agent", imageDigest: digest }],
};

let sts: StubSts;
let asked: string[];
let role: Awaited<ReturnType<CodeLookup["role"]>>;
let task: Awaited<ReturnType<CodeLookup["task"]>>;
beforeEach(() => {
  sts = new StubSts();
  asked = [];
  sts.answer = ok(
    xmlAnswer(`arn:aws:sts::123456789012:assumed-role/Planner/${taskId}`, `AROAIIRR6I5NDJBWMIRQQ:${taskId}`),
  );
  role = ok(goodRole);
  task = ok(goodTask);
});
const lookup: CodeLookup = {
  functionVersion: async () => err({ why: "missing", detail: "not asked for" }),
  role: async (name) => {
    asked.push(`role ${name}`);
    return role;
  },
  task: async (cluster, id) => {
    asked.push(`task ${cluster} ${id}`);
    return task;
  },
};
const attest = (more: object = {}, changes: SignedChanges = {}) =>
  ecsTask({ relay: sts, partition: "aws", lookup }).attest(
    { ...callerEvidence(changes), cluster: "agents", ...more, type },
    expectation(),
  );
const refused = async (more: object = {}) => {
  const result = await attest(more);
  if (result.ok) throw new Error("expected a refusal");
  return result.error;
};

describe("a task", () => {
  it("is proven by its role's session name, and described by ECS alone", async () => {
    const result = await attest();
    expect(result).toMatchObject({
      ok: true,
      value: {
        facts: {
          account: "123456789012",
          roleArn: "arn:aws:iam::123456789012:role/agents/Planner",
          roleId: "AROAIIRR6I5NDJBWMIRQQ",
          taskId,
          cluster: "agents",
          family: "planner",
          revision: "7",
          launchType: "FARGATE",
          service: "planner",
        },
        assurance: "fresh",
        build: digest,
        images: { agent: digest },
      },
    });
    expect(asked).toEqual(["role Planner", `task agents ${taskId}`]);
  });

  it("threat 30: whose role somebody else may assume could be anybody's", async () => {
    role = ok({
      ...goodRole,
      trustPolicy: trust({ Principal: { Service: ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"] } }),
    });
    expect(await refused()).toMatchObject({ code: "evidence_invalid", type, check: "trust" });
  });

  it.each<[string, object]>([
    ["another role of that name", { uniqueId: "AROAXXXXXXXXXXXXXXXXX" }],
    ["a role of another account", { arn: "arn:aws:iam::999999999999:role/Planner" }],
    ["a role of another partition", { arn: "arn:aws-cn:iam::123456789012:role/Planner" }],
    ["no role", { arn: "arn:aws:iam::123456789012:user/Planner" }],
  ])("is refused when IAM tells %s", async (_name, wrong) => {
    role = ok({ ...goodRole, ...wrong });
    expect(await refused()).toMatchObject({ check: "trust" });
  });

  it.each<[string, Partial<TaskDescription>]>([
    ["another task", { arn: goodTask.arn.replace(taskId, "f".repeat(32)) }],
    ["a task of another account", { arn: goodTask.arn.replace("123456789012", "999999999999") }],
    ["a task of another cluster", { clusterArn: goodTask.clusterArn.replace("/agents", "/other") }],
    ["a stopped task", { lastStatus: "STOPPED" }],
    ["a task on its way out", { lastStatus: "DEPROVISIONING" }],
    ["a task without definition", { taskDefinitionArn: "arn:aws:ecs:eu-west-1:123456789012:task-definition/planner" }],
  ])("is refused when ECS tells of %s", async (_name, wrong) => {
    task = ok({ ...goodTask, ...wrong });
    expect(await refused()).toMatchObject({ check: "task" });
  });

  it("has no build and no images of which one digest is unknown, and no single build of several containers", async () => {
    task = ok({ ...goodTask, containers: [{ name: "agent", imageDigest: digest }, { name: "sidecar" }] });
    const unknown = await attest();
    expect(unknown.ok && [unknown.value.build, unknown.value.images]).toEqual([undefined, undefined]);
    task = ok({ ...goodTask, containers: [...goodTask.containers, { name: "sidecar", imageDigest: "sha256:b" }] });
    const two = await attest();
    expect(two.ok && [two.value.build, two.value.images]).toEqual([undefined, { agent: digest, sidecar: "sha256:b" }]);
  });

  it.each(["planner-session", "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef", "i-0123456789abcdef0"])(
    "whose session is called %s is none, and nothing is looked up",
    async (session) => {
      sts.answer = ok(
        xmlAnswer(`arn:aws:sts::123456789012:assumed-role/Planner/${session}`, `AROAIIRR6I5NDJBWMIRQQ:${session}`),
      );
      expect(await refused()).toMatchObject({ check: "task-id" });
      expect(asked).toEqual([]);
    },
  );

  it.each([undefined, "", "a/b", "*", "arn:aws:ecs:eu-west-1:123456789012:cluster/agents", ["agents"]])(
    "of cluster %j is not looked for",
    async (cluster) => {
      expect(await refused({ cluster })).toMatchObject({ check: "shape" });
      expect(asked).toEqual([]);
    },
  );

  it("cannot describe itself", async () => {
    for (const more of [{ taskArn: goodTask.arn }, { family: "planner" }, { imageDigest: digest }])
      expect(await refused(more)).toMatchObject({ check: "shape" });
    expect(sts.sent).toEqual([]);
  });

  it("is refused, to be tried again, while AWS cannot be asked, and for good when AWS knows it not", async () => {
    task = err({ why: "unavailable", detail: "ThrottlingException" });
    expect(await refused()).toMatchObject({ code: "attestation_unavailable" });
    task = err({ why: "missing", detail: "no such task" });
    expect(await refused()).toMatchObject({ code: "evidence_invalid", check: "task" });
  });

  it("threat 16: signed for somebody else's key is not looked at", async () => {
    expect(await attest({}, { headers: { "lanyard-jkt": "k-2" } })).toMatchObject({
      error: { code: "evidence_unbound", type },
    });
    expect([sts.sent, asked]).toEqual([[], []]);
  });
});

describe("threat 30: a trust policy lets in ECS alone", () => {
  it.each<[string, object]>([
    ["as the console writes it", {}],
    [
      "with a Sid and conditions, which narrow",
      { Sid: "Tasks", Condition: { StringEquals: { "aws:SourceAccount": "1" } } },
    ],
    ["with session tags", { Action: ["sts:AssumeRole", "sts:TagSession"] }],
    ["as a list of one", { Principal: { Service: ["ecs-tasks.amazonaws.com"] } }],
  ])("%s", (_name, statement) => {
    expect(trustsOnly("ecs-tasks.amazonaws.com", trust(statement))).toBe(true);
  });

  it.each<[string, object]>([
    ["everybody", { Principal: "*" }],
    ["the account", { Principal: { AWS: "arn:aws:iam::123456789012:root" } }],
    [
      "a role beside it",
      { Principal: { Service: "ecs-tasks.amazonaws.com", AWS: "arn:aws:iam::123456789012:role/R" } },
    ],
    ["another service", { Principal: { Service: "lambda.amazonaws.com" } }],
    ["another service beside it", { Principal: { Service: ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"] } }],
    ["whoever is not named", { Principal: undefined, NotPrincipal: { AWS: "arn:aws:iam::1:root" } }],
    ["by an action that is not named", { Action: undefined, NotAction: "sts:GetSessionToken" }],
    ["by any action", { Action: "sts:*" }],
    ["by SAML", { Action: "sts:AssumeRoleWithSAML" }],
    ["nobody", { Effect: "Deny" }],
    ["a federated principal", { Principal: { Federated: "accounts.google.com" } }],
    ["no service", { Principal: { Service: [] } }],
  ])("and not %s", (_name, statement) => {
    expect(trustsOnly("ecs-tasks.amazonaws.com", trust(statement))).toBe(false);
  });

  it("in every one of its statements", () => {
    const ecs = { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" };
    const also = { ...ecs, Principal: { AWS: "arn:aws:iam::123456789012:role/R" } };
    const policy = (Statement: unknown) => encodeURIComponent(JSON.stringify({ Statement }));
    expect(trustsOnly("ecs-tasks.amazonaws.com", policy([ecs, ecs]))).toBe(true);
    expect(trustsOnly("ecs-tasks.amazonaws.com", policy(ecs))).toBe(true);
    expect(trustsOnly("ecs-tasks.amazonaws.com", policy([ecs, also]))).toBe(false);
    expect(trustsOnly("ecs-tasks.amazonaws.com", policy([]))).toBe(false);
  });

  test.prop([fc.oneof(fc.string({ unit: "binary" }), fc.json(), fc.constant("%"), fc.constant("[".repeat(20_000)))])(
    "and nothing that is no policy",
    (text) => {
      for (const encoded of [text, encodeURIComponent(text.replaceAll(/[\ud800-\udfff]/g, ""))])
        expect(trustsOnly("ecs-tasks.amazonaws.com", encoded)).toBe(false);
    },
  );
});
