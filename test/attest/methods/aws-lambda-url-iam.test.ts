import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { awsLambdaUrlIam } from "../../../core/attest/methods/aws-lambda-url-iam/attestor.ts";
import { createAttestEndpoint } from "../../../core/endpoints/attest.ts";
import type { PlatformCaller } from "../../../core/model/wire.ts";
import { platformCallerOf } from "../../../lambdas/http/platform-caller.ts";
import { readCall, type UrlEvent } from "../../../lambdas/http/url-event.ts";
import { expectation } from "../../kit/evidence/caller-identity.ts";
import { agent, agentId } from "../../kit/registry.ts";
import { attests, attestUrl } from "../../kit/world/attests.ts";
import { createWorld } from "../../kit/world/world.ts";

const type = "aws-lambda-url-iam";
const roleId = "AROAIIRR6I5NDJBWMIRQQ";
const caller: PlatformCaller = {
  arn: "arn:aws:sts::123456789012:assumed-role/Planner/planner-fn",
  userId: `${roleId}:planner-fn`,
  account: "123456789012",
};
const attestor = awsLambdaUrlIam({ partition: "aws" });
const attest = (evidence: object, more = {}) =>
  attestor.attest({ type, "lanyard-jkt": "k-1", ...evidence }, expectation({ platformCaller: caller, ...more }));

describe("a caller whom IAM let in", () => {
  it("is proven with account, role, unique id, session and organization", async () => {
    expect(await attest({}, { platformCaller: { ...caller, organization: "o-abc1234567" } })).toMatchObject({
      ok: true,
      value: {
        facts: {
          account: "123456789012",
          roleArn: "arn:aws:iam::123456789012:role/Planner",
          roleId,
          sessionName: "planner-fn",
          organization: "o-abc1234567",
        },
        tags: {},
        assurance: "fresh",
      },
    });
  });

  it.each<[string, object]>([
    ["a caller in the evidence", { platformCaller: caller }],
    ["an ARN in the evidence", { arn: caller.arn }],
    ["an authorizer in the evidence", { authorizer: { iam: { userArn: caller.arn } } }],
  ])("threat 18: is refused with %s, whether or not the platform names one", async (_name, more) => {
    const { platformCaller: _, ...nobody } = expectation();
    for (const expected of [nobody, expectation({ platformCaller: caller })])
      expect(await attestor.attest({ type, "lanyard-jkt": "k-1", ...more }, expected)).toMatchObject({
        ok: false,
        error: { check: "shape" },
      });
  });

  it("threat 18: is nobody where the platform names nobody", async () => {
    expect(await attestor.attest({ type, "lanyard-jkt": "k-1" }, expectation())).toMatchObject({
      error: { code: "evidence_invalid", check: "caller" },
    });
  });

  it.each([undefined, "k-2", "", ["k-1"]])(
    "threat 9: whose signed body names key %j does not get an identity for another",
    async (jkt) => {
      const evidence = jkt === undefined ? { type } : { type, "lanyard-jkt": jkt };
      const result = await attestor.attest(evidence, expectation({ platformCaller: caller }));
      expect(result).toEqual({ ok: false, error: { code: "evidence_unbound", type, field: "jkt" } });
    },
  );

  it.each<[string, string, Partial<PlatformCaller>]>([
    ["an IAM user", "subject", { arn: "arn:aws:iam::123456789012:user/alice", userId: "AIDAIYCCCMMMMMMMMGGDA" }],
    ["the root user", "subject", { arn: "arn:aws:iam::123456789012:root", userId: "123456789012" }],
    ["of another partition", "account", { arn: "arn:aws-cn:sts::123456789012:assumed-role/Planner/planner-fn" }],
    ["of another account than its ARN", "account", { account: "999999999999" }],
    ["without a role's unique id", "unique-id", { userId: "planner-fn" }],
    ["with another session's unique id", "unique-id", { userId: `${roleId}:other-fn` }],
  ])("is refused when it is %s", async (_name, check, wrong) => {
    expect(await attest({}, { platformCaller: { ...caller, ...wrong } })).toMatchObject({ error: { check } });
  });

  test.prop([fc.record({ arn: fc.string(), userId: fc.string(), account: fc.string() })])(
    "is refused for any words that are no role's, without throwing",
    async (platformCaller) => {
      expect((await attest({}, { platformCaller })).ok).toBe(false);
    },
  );
});

describe("the event of a function URL", () => {
  const event = (iam: unknown): UrlEvent => ({
    headers: {},
    body: "{}",
    requestContext: {
      domainName: "abc.lambda-url.eu-west-1.on.aws",
      requestId: "r",
      http: { method: "POST", path: "/" },
      authorizer: { iam: iam as NonNullable<NonNullable<UrlEvent["requestContext"]["authorizer"]>["iam"]> },
    },
  });
  const live = {
    accessKey: "ASIAIIRR6I5NDJBWMIRQ",
    accountId: "123456789012",
    callerId: `${roleId}:planner-fn`,
    cognitoIdentity: 0,
    principalOrgId: "o-abc1234567",
    userArn: caller.arn,
    userId: caller.userId,
  };

  it("names the caller, by ARN, unique id, account and organization, and not its access key", () => {
    expect(platformCallerOf(event(live))).toEqual({ ...caller, organization: "o-abc1234567" });
    expect(platformCallerOf(event({ ...live, principalOrgId: null, cognitoIdentity: null }))).toEqual(caller);
  });

  it.each([undefined, null, {}, { ...live, userArn: null }, { ...live, userId: 1 }, { ...live, accountId: 12 }])(
    "names nobody when it says %j",
    (iam) => {
      expect(platformCallerOf(event(iam ?? {}))).toBeUndefined();
    },
  );

  it("threat 18: tells the plain attest function no caller, even where it carries one", () => {
    const call = readCall(event(live));
    expect(call.ok && call.value).not.toHaveProperty("platformCaller");
  });
});

describe("the attest endpoint behind IAM", () => {
  const world = async (selector: Record<string, string>) => {
    const made = await createWorld([agent("planner", { selectors: [{ type, exact: selector }] })], attests());
    const endpoint = createAttestEndpoint({ ...made.attestDeps, attestors: [attestor] });
    const request = async (more: object = {}) => ({
      agent: agentId("planner"),
      challenge: await made.challenge(),
      evidence: { type, "lanyard-jkt": made.key.jkt },
      ...more,
    });
    const send = async (platformCaller: PlatformCaller | undefined, body: object) => {
      const { status } = await endpoint(made.attestCall("/", body, platformCaller ? { platformCaller } : {}));
      return status;
    };
    return { ...made, request, sendAs: send, endpoint };
  };

  it("gives an identity token to the role whose unique id is registered", async () => {
    const made = await world({ roleId });
    expect(await made.sendAs(caller, await made.request())).toBe(200);
  });

  it("threat 18: refuses a role that was made again under the same name", async () => {
    const made = await world({ roleId });
    const again = { ...caller, userId: "AROAXXXXXXXXXXXXXXXXX:planner-fn" };
    expect(await made.sendAs(again, await made.request())).toBe(401);
    expect(made.takeDenial().aggregated).toMatchObject({ code: "selector_mismatch", missing: "roleId" });
  });

  it("uses a challenge up: the same signed request does not attest twice", async () => {
    const made = await world({ roleId });
    const body = await made.request();
    const call = made.attestCall("/", body, { platformCaller: caller });
    expect((await made.endpoint(call)).status).toBe(200);
    expect((await made.endpoint(call)).status).not.toBe(200);
  });

  it("understands no other evidence", async () => {
    const made = await world({ roleId });
    expect(
      await made.sendAs(caller, await made.request({ evidence: { type: "aws-sts-web-identity", token: "x" } })),
    ).toBe(400);
  });

  it("threat 18: is not what the plain function answers, which knows no such evidence", async () => {
    const made = await world({ roleId });
    const { status } = await made.sendAttest(
      made.attestCall("/", await made.request(), { platformCaller: caller, url: attestUrl }),
    );
    expect(status).toBe(400);
  });
});
