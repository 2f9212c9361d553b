import type { CodeLookup } from "../../core/attest/contract/aws.ts";
import { awsLambdaUrlIam } from "../../core/attest/methods/aws-lambda-url-iam/attestor.ts";
import { awsStsCallerIdentity } from "../../core/attest/methods/aws-sts-caller-identity/attestor.ts";
import { ecsTask } from "../../core/attest/methods/ecs-task/attestor.ts";
import { err, ok } from "../../core/model/result.ts";
import {
  callerArn,
  callerEvidence,
  callerUserId,
  expectation,
  StubSts,
  xmlAnswer,
} from "../../test/kit/evidence/caller-identity.ts";
import type { EvidenceKind } from "./kind.ts";

const account = "123456789012";
const roleId = "AROAIIRR6I5NDJBWMIRQQ";
const taskId = "0123456789abcdef0123456789abcdef";

const trustPolicy = encodeURIComponent(
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" }],
  }),
);

/** What ECS and IAM say of one task, at once. */
const lookup: CodeLookup = {
  functionVersion: async () => err({ why: "missing", detail: "not asked for" }),
  role: async () => ok({ arn: `arn:aws:iam::${account}:role/agents/Planner`, uniqueId: roleId, trustPolicy }),
  task: async () =>
    ok({
      arn: `arn:aws:ecs:eu-west-1:${account}:task/agents/${taskId}`,
      clusterArn: `arn:aws:ecs:eu-west-1:${account}:cluster/agents`,
      taskDefinitionArn: `arn:aws:ecs:eu-west-1:${account}:task-definition/planner:7`,
      lastStatus: "RUNNING",
      containers: [{ name: "agent", imageDigest: `sha256:${"a".repeat(64)}` }],
    }),
};

/**
 * Evidence in which AWS, not a signature that we verify, names the caller: the request rebuilt and the answer read. AWS is
 * a stub that answers at once, so that what dominates in production, its round trips, is left out.
 */
export function callerEvidenceKinds(): readonly EvidenceKind[] {
  const expect = expectation();
  const evidence = callerEvidence();
  const partition = "aws";
  const sts = new SilentSts(callerArn, callerUserId);
  const ofTask = new SilentSts(`arn:aws:sts::${account}:assumed-role/Planner/${taskId}`, `${roleId}:${taskId}`);
  const caller = awsStsCallerIdentity({ relay: sts, partition });
  const task = ecsTask({ relay: ofTask, partition, lookup });
  const url = awsLambdaUrlIam({ partition });
  const platformCaller = { arn: callerArn, userId: callerUserId, account };
  const inTask = { ...evidence, type: "ecs-task", cluster: "agents" };
  const signed = { type: "aws-lambda-url-iam", "lanyard-jkt": expect.jkt };
  return [
    {
      type: "aws-sts-caller-identity",
      without: "the call to STS",
      prove: () => caller.attest(evidence, expect),
    },
    {
      type: "aws-lambda-url-iam",
      without: "Lambda's own check",
      prove: () => url.attest(signed, { ...expect, platformCaller }),
    },
    {
      type: "ecs-task",
      without: "the calls to STS, ECS and IAM",
      prove: () => task.attest(inTask, expect),
    },
  ];
}

/** Answers alike, and keeps no list of what it was asked. */
class SilentSts extends StubSts {
  constructor(arn: string, userId: string) {
    super();
    this.answer = ok(xmlAnswer(arn, userId));
  }
  override async send() {
    return this.answer;
  }
}
