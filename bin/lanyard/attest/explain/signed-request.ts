import type { Expectation } from "../../../../core/attest/contract/attestor.ts";
import type { CodeLookup, StsRelay } from "../../../../core/attest/contract/aws.ts";
import { withInstanceIdentity } from "../../../../core/attest/formats/instance-identity/beside.ts";
import { awsLambdaUrlIam } from "../../../../core/attest/methods/aws-lambda-url-iam/attestor.ts";
import { awsStsCallerIdentity } from "../../../../core/attest/methods/aws-sts-caller-identity/attestor.ts";
import { ecsTask } from "../../../../core/attest/methods/ecs-task/attestor.ts";
import { limits } from "../../../../core/model/limits.ts";
import { err, ok } from "../../../../core/model/result.ts";
import { createSnapshot } from "../../../../core/model/snapshot.ts";
import { evidenceTags } from "../../../../core/model/wire.ts";
import { partitionOf } from "../../../../core/text/sts-hosts.ts";
import type { Asked, Explainer } from "../explanation.ts";

/** Marks a check that failed only because no service was asked. */
const notAsked = "nobody was asked";
const unasked = async () => err({ why: "unavailable" as const, detail: notAsked });

const offline: StsRelay = { send: async () => err({ why: "unreachable", detail: notAsked }) };
const noLookup: CodeLookup = { functionVersion: unasked, task: unasked, role: unasked };

/** Sends the request that the attestor rebuilt; its host comes from the list of STS's own endpoints. */
const online: StsRelay = {
  send: async ({ host, headers, body }) => {
    try {
      const signal = AbortSignal.timeout(limits.stsTimeoutMillis);
      const answer = await fetch(`https://${host}/`, { method: "POST", headers, body, redirect: "error", signal });
      const parts: Uint8Array[] = [];
      let size = 0;
      for await (const part of answer.body ?? []) {
        size += part.length;
        if (size > limits.stsAnswerBytes) return err({ why: "too_large", detail: "the answer is too large" });
        parts.push(part);
      }
      const contentType = answer.headers.get("content-type") ?? "";
      return ok({ status: answer.status, contentType, body: Buffer.concat(parts) });
    } catch (cause) {
      return err({ why: "unreachable", detail: cause instanceof Error ? cause.message : "no answer" });
    }
  },
};

/**
 * `aws-sts-caller-identity`: everything that is checked before STS is asked, and STS's answer where asking is allowed.
 */
export const explainCallerIdentity: Explainer = (asked) =>
  explainRequest(asked, (partition) => {
    const { ec2Certificates: certificates } = asked.settings;
    const attestor = awsStsCallerIdentity({ relay: asked.online ? online : offline, partition });
    return withInstanceIdentity(attestor, certificates ? { certificates } : {});
  });

/** `ecs-task`: as above; ECS and IAM are never asked about the task here. */
export const explainEcsTask: Explainer = (asked) =>
  explainRequest(asked, (partition) =>
    ecsTask({ relay: asked.online ? online : offline, partition, lookup: noLookup }),
  );

/** `aws-lambda-url-iam`: there is no document, so only the form of the evidence is checked. */
export const explainLambdaUrl: Explainer = (asked) =>
  explainRequest(asked, (partition) => awsLambdaUrlIam({ partition }));

async function explainRequest(
  asked: Asked,
  attestorFor: (partition: string) => ReturnType<typeof awsStsCallerIdentity>,
): ReturnType<Explainer> {
  const { evidence, settings, nowSeconds, leaveOut } = asked;
  const { region } = evidence;
  const partition = settings.partition ?? (typeof region === "string" ? partitionOf(region) : undefined) ?? "aws";
  const headers = (typeof evidence.headers === "object" ? evidence.headers : null) as Record<string, unknown> | null;
  const said = (name: string) => {
    const value = headers?.[name] ?? evidence[name];
    return typeof value === "string" ? value : "";
  };
  const unset = (["challenge", "jkt", "issuer"] as const).filter((field) => settings[field] === undefined);
  const expect: Expectation = {
    // a check without an expected value is not made: the document's own value is used, and the check is reported as not
    // made below
    challenge: settings.challenge ?? said(evidenceTags.challenge),
    jkt: settings.jkt ?? said(evidenceTags.jkt),
    issuer: settings.issuer ?? said(evidenceTags.issuer),
    nowSeconds,
    registry: createSnapshot(1, "explained.invalid", []),
    onCheck: (check) => {
      const field = unset.find((name) => name === check.name);
      if (field !== undefined) leaveOut(field, `no expected ${field} is given`);
      else if (check.name === "caller-identity" && check.detail.includes(notAsked))
        leaveOut("caller-identity", "AWS STS has to be asked, and only --online allows it: nothing is proved before");
      else if (check.detail.includes(notAsked)) leaveOut(check.name, "only a deployment can ask ECS and IAM");
      else asked.onCheck(check);
    },
  };
  const attested = await attestorFor(partition).attest(evidence, expect);
  return attested.ok ? attested.value : undefined;
}
