import { describe, expect, test } from "vitest";
import { err, ok } from "../../core/model/result.ts";
import { answerResource, type CustomResource, type ResourceEvent } from "../../lambdas/custom-resource.ts";

const event = (RequestType: ResourceEvent["RequestType"]): ResourceEvent => ({
  RequestType,
  ResponseURL: "https://cloudformation.example/answer",
  StackId: "stack",
  RequestId: "request",
  LogicalResourceId: "On",
});
const resource = (carryOut: CustomResource["carryOut"]): CustomResource => ({
  physicalId: "the-switch",
  failure: "the switch stayed as it was",
  carryOut,
});
const sent = async (type: ResourceEvent["RequestType"], carryOut: CustomResource["carryOut"]) => {
  let body = "";
  await answerResource(event(type), resource(carryOut), (async (_: unknown, init?: RequestInit) => {
    body = String(init?.body);
    return new Response("", { status: 200 });
  }) as typeof fetch);
  return { bytes: Buffer.byteLength(body), ...(JSON.parse(body) as Record<string, unknown>) };
};

describe("a custom resource", () => {
  test.each(["Create", "Update"] as const)("answers %s with attributes, under one constant id", async (type) => {
    expect(await sent(type, async () => ok({ Issuer: "https://issuer.example" }))).toMatchObject({
      StackId: "stack",
      RequestId: "request",
      LogicalResourceId: "On",
      PhysicalResourceId: "the-switch",
      Status: "SUCCESS",
      Data: { Issuer: "https://issuer.example" },
    });
  });

  test("does nothing on Delete, and succeeds", async () => {
    let called = 0;
    const answer = await sent("Delete", async () => {
      called++;
      return err("never");
    });
    expect(answer).toMatchObject({ Status: "SUCCESS", PhysicalResourceId: "the-switch" });
    expect(called).toBe(0);
  });

  test("fails the stack with the reason, whether it is a value or an exception", async () => {
    const thrown = async () => {
      throw new Error("iam refused with 403 AccessDenied");
    };
    for (const carryOut of [async () => err("iam refused with 403 AccessDenied"), thrown]) {
      const answer = await sent("Create", carryOut);
      expect(answer).toMatchObject({
        Status: "FAILED",
        Reason: "the switch stayed as it was: iam refused with 403 AccessDenied",
        PhysicalResourceId: "the-switch",
      });
    }
  });

  test("never answers more than CloudFormation takes, whatever went wrong", async () => {
    const answer = await sent("Update", async () => {
      throw new Error('"\\🦜'.repeat(5_000));
    });
    expect(answer).toMatchObject({ Status: "FAILED" });
    expect(answer.bytes).toBeLessThanOrEqual(4_096);
  });

  test("throws when CloudFormation does not take the answer, so that Lambda tries again", async () => {
    const deaf = (async () => new Response("", { status: 403 })) as unknown as typeof fetch;
    const done = answerResource(
      event("Delete"),
      resource(async () => ok({})),
      deaf,
    );
    await expect(done).rejects.toThrow(/took no answer: 403/);
  });
});
