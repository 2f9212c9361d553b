import { describe, expect, test } from "vitest";
import { answerResource, type ResourceEvent } from "../../lambdas/federation/resource.ts";
import { enableFederation } from "../../lambdas/federation/switch.ts";

const credentials = { accessKeyId: "ASIAEXAMPLE", secretAccessKey: "secret", sessionToken: "session" };
const issuer = "https://0123.tokens.sts.global.api.aws";
const told = `<Result><IssuerIdentifier>${issuer}</IssuerIdentifier></Result>`;
const error = (code: string) => `<ErrorResponse><Error><Code>${code}</Code></Error></ErrorResponse>`;

/** IAM that gives these answers in turn, and what it was asked. */
function iam(...answers: [number, string][]): {
  send: typeof fetch;
  asked: string[];
  authorizations: (string | null)[];
} {
  const asked: string[] = [];
  const authorizations: (string | null)[] = [];
  const send = async (_: unknown, init?: RequestInit) => {
    asked.push(new URLSearchParams(String(init?.body)).get("Action") ?? "");
    authorizations.push(new Headers(init?.headers).get("authorization"));
    const [status, body] = answers.shift() ?? [500, ""];
    return new Response(body, { status });
  };
  return { send: send as typeof fetch, asked, authorizations };
}

describe("the federation switch", () => {
  test("switches on and tells the account's issuer, in a signed call", async () => {
    const { send, asked, authorizations } = iam([200, told]);
    expect(await enableFederation(credentials, send)).toBe(issuer);
    expect(asked).toEqual(["EnableOutboundWebIdentityFederation"]);
    expect(authorizations[0]).toMatch(/^AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE\/\d{8}\/us-east-1\/iam\/aws4_request/);
  });

  test("takes one that is on already as success", async () => {
    const { send, asked } = iam([409, error("FeatureEnabled")], [200, told]);
    expect(await enableFederation(credentials, send)).toBe(issuer);
    expect(asked[1]).toBe("GetOutboundWebIdentityFederationInfo");
  });

  test.each<[string, [number, string][], RegExp]>([
    ["a refusal", [[403, error("AccessDenied")]], /refused with 403 AccessDenied/],
    ["another conflict", [[409, error("ConcurrentModification")]], /refused with 409 ConcurrentModification/],
    ["an answer without an issuer", [[200, "<Result/>"]], /without an issuer/],
    [
      "a refused second call",
      [
        [409, error("FeatureEnabled")],
        [403, error("AccessDenied")],
      ],
      /refused with 403/,
    ],
  ])("fails on %s", async (_, answers, message) => {
    await expect(enableFederation(credentials, iam(...answers).send)).rejects.toThrow(message);
  });
});

describe("its custom resource", () => {
  const event = (RequestType: ResourceEvent["RequestType"]): ResourceEvent => ({
    RequestType,
    ResponseURL: "https://cloudformation.example/answer",
    StackId: "stack",
    RequestId: "request",
    LogicalResourceId: "On",
  });
  const sent = async (type: ResourceEvent["RequestType"], enable: () => Promise<string>) => {
    let body = "";
    await answerResource(event(type), enable, (async (_: unknown, init?: RequestInit) => {
      body = String(init?.body);
      return new Response("", { status: 200 });
    }) as typeof fetch);
    return JSON.parse(body) as Record<string, unknown>;
  };

  test.each(["Create", "Update"] as const)("answers %s with the issuer, under one constant id", async (type) => {
    expect(await sent(type, async () => issuer)).toEqual({
      StackId: "stack",
      RequestId: "request",
      LogicalResourceId: "On",
      PhysicalResourceId: "outbound-identity-federation",
      Status: "SUCCESS",
      Data: { Issuer: issuer },
    });
  });

  test("never switches off: Delete succeeds and asks IAM nothing", async () => {
    const never = async () => {
      throw new Error("asked");
    };
    expect(await sent("Delete", never)).toMatchObject({ Status: "SUCCESS" });
  });

  test("fails the stack with the reason", async () => {
    const refusing = async () => {
      throw new Error("iam refused with 403 AccessDenied");
    };
    expect(await sent("Create", refusing)).toMatchObject({
      Status: "FAILED",
      Reason: expect.stringContaining("403 AccessDenied"),
    });
  });

  test("throws when CloudFormation does not take the answer, so that Lambda tries again", async () => {
    const deaf = (async () => new Response("", { status: 403 })) as unknown as typeof fetch;
    await expect(answerResource(event("Delete"), async () => issuer, deaf)).rejects.toThrow(/took no answer: 403/);
  });
});
