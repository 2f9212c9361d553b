import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AssumeOrder, Sts } from "../../../core/credentials/sts.ts";
import { createSts } from "../../../lambdas/aws/sts/sts.ts";
import { endsWithin } from "../../kit/patience.ts";
import { serveAll } from "../../kit/serve.ts";
import type { Answered } from "../../kit/wire/server.ts";

/** What STS answers next, a text of XML; each test sets it. */
let next: (form: URLSearchParams) => Answered | Promise<Answered>;
const cloud = serveAll(async ({ body }) => next(new URLSearchParams(body)));

const requestId = "01234567-89ab-cdef-0123-456789abcdef";
const headers = { "content-type": "text/xml", "x-amzn-requestid": requestId };
const given = (action: string, end = "2026-08-01T00:15:00Z", more = ""): Answered => ({
  headers,
  body: `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials><AccessKeyId>ASIAEXAMPLEEXAMPLE12</AccessKeyId><SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY</SecretAccessKey><SessionToken>IQoJb3JpZ2luX2Vj</SessionToken><Expiration>${end}</Expiration></Credentials>${more}</${action}Result><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${action}Response>`,
});
const refused = (status: number, code: string, message = "no"): Answered => ({
  status,
  headers,
  body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
});

const order: AssumeOrder = {
  roleArn: "arn:aws:iam::111122223333:role/agents/files",
  externalId: "agents.example.com/prod",
  sourceIdentity: `lyd.${"r".repeat(22)}.${"s".repeat(22)}`,
  roleSessionName: "s".repeat(22),
  tags: {
    "lanyard-session": "s".repeat(22),
    "lanyard-tree": "r".repeat(22),
    "lanyard-agent": "spiffe://agents.example.com/agent/planner",
    "lanyard-principal": "p_abcdefghijklmnopqrstuvwxyz234567",
  },
  policy: '{"Version":"2012-10-17","Statement":[]}',
  durationSeconds: 900,
};
const held = {
  accessKeyId: "ASIAHELDHELDHELDHEL1",
  secretAccessKey: "held/secret",
  sessionToken: "held+token",
  expiresAtSeconds: 1_785_543_300,
};
const soon = () => Date.now() + 60_000;

let sts: Sts;
beforeEach(() => {
  vi.stubEnv("AWS_ENDPOINT_URL_STS", cloud.origin);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "ASIAFUNCTIONFUNCTION");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "function/secret");
  vi.stubEnv("AWS_SESSION_TOKEN", "function+token");
  next = (form) => given(form.get("Action") ?? "");
  sts = createSts("eu-west-1");
});
afterEach(() => void vi.unstubAllEnvs());

const askedWith = (at: number) => Object.fromEntries(new URLSearchParams(cloud.asked[at]?.body));

describe("AssumeRole", () => {
  test("is asked with names, external id, policy and every tag transitive, by the function's own credentials", async () => {
    expect(await sts.assumeRole(order, soon())).toEqual({
      ok: true,
      value: {
        credentials: {
          accessKeyId: "ASIAEXAMPLEEXAMPLE12",
          secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
          sessionToken: "IQoJb3JpZ2luX2Vj",
          expiresAtSeconds: Date.parse("2026-08-01T00:15:00Z") / 1000,
        },
        requestId,
      },
    });
    expect(askedWith(0)).toMatchObject({
      Action: "AssumeRole",
      RoleArn: order.roleArn,
      RoleSessionName: order.roleSessionName,
      SourceIdentity: order.sourceIdentity,
      ExternalId: order.externalId,
      Policy: order.policy,
      DurationSeconds: "900",
      "Tags.member.1.Key": "lanyard-session",
      "Tags.member.3.Value": "spiffe://agents.example.com/agent/planner",
      "TransitiveTagKeys.member.1": "lanyard-session",
      "TransitiveTagKeys.member.4": "lanyard-principal",
    });
    expect(cloud.asked[0]?.headers.authorization).toMatch(
      /Credential=ASIAFUNCTIONFUNCTION\/\d{8}\/eu-west-1\/sts\/aws4_request/,
    );
  });
});

describe("GetScopedCredentials", () => {
  test("is asked by the very credentials that it is about", async () => {
    const asked = { policy: order.policy, durationSeconds: 60, description: "planner depth=0 policies=7" };
    expect((await sts.getScopedCredentials(held, asked, soon())).ok).toBe(true);
    expect(askedWith(0)).toMatchObject({
      Action: "GetScopedCredentials",
      Policy: order.policy,
      DurationSeconds: "60",
      ScopedSessionDescription: "planner depth=0 policies=7",
    });
    const { authorization, "x-amz-security-token": token } = cloud.asked[0]?.headers ?? {};
    expect(authorization).toMatch(/Credential=ASIAHELDHELDHELDHEL1\//);
    expect(token).toBe("held+token");
  });

  test("sends neither policy nor life where none is asked for", async () => {
    await sts.getScopedCredentials(held, { durationSeconds: 60, description: "d" }, soon());
    await sts.getScopedCredentials(held, { policy: "{}", description: "d" }, soon());
    expect([askedWith(0).Policy, askedWith(1).DurationSeconds]).toEqual([undefined, undefined]);
  });
});

describe("an error of STS, by its code on the wire, is", () => {
  test.each([
    ["AccessDenied", 403, "refused"],
    ["RegionDisabledException", 403, "refused"],
    ["PackedPolicyTooLarge", 400, "too_large"],
    ["Throttling", 400, "unavailable"],
    ["ServiceUnavailable", 503, "unavailable"],
    ["InternalFailure", 500, "unavailable"],
  ] as const)("%s (%i): %s, with the request id that CloudTrail has of it", async (code, status, why) => {
    next = () => refused(status, code, "in STS's words");
    expect(await sts.assumeRole(order, soon())).toMatchObject({ ok: false, error: { why, requestId } });
    expect(await sts.getScopedCredentials(held, { durationSeconds: 60, description: "d" }, soon())).toMatchObject({
      ok: false,
      error: { why, error: expect.stringContaining(code.replace(/Exception$/, "")) },
    });
  });

  test.each(["MalformedPolicyDocument", "ValidationError", "InsufficientSessionLifetime"])(
    "%s: a bug of ours, thrown as no passing failure",
    async (code) => {
      next = () => refused(400, code);
      const failure = await sts.assumeRole(order, soon()).catch((thrown: unknown) => thrown);
      expect(failure).toBeInstanceOf(Error);
      expect(String(failure)).toContain(code);
      expect(failure).not.toHaveProperty("$metadata");
    },
  );

  test("of the function's own credentials: thrown, as broken infrastructure", async () => {
    next = () => refused(403, "ExpiredToken");
    await expect(sts.assumeRole(order, soon())).rejects.toHaveProperty("$metadata.httpStatusCode", 403);
  });

  test("an answer without credentials: thrown, and never half an answer", async () => {
    next = () => ({
      headers,
      body: "<AssumeRoleResponse><AssumeRoleResult></AssumeRoleResult></AssumeRoleResponse>",
    });
    await expect(sts.assumeRole(order, soon())).rejects.toThrow();
  });
});

describe("time", () => {
  test("is bounded by the moment that the request has: a slow STS is unavailable, and no try outlasts it", async () => {
    let tries = 0;
    next = () => {
      tries++;
      return new Promise(() => undefined);
    };
    const answer = await endsWithin(2_000, sts.assumeRole(order, Date.now() + 300));
    expect(answer).toMatchObject({ ok: false, error: { why: "unavailable", error: "it took too long" } });
    expect(tries).toBe(1);
  });

  test("that is over already asks nothing twice", async () => {
    next = () => refused(503, "ServiceUnavailable");
    expect(await sts.assumeRole(order, Date.now() - 1)).toMatchObject({ ok: false, error: { why: "unavailable" } });
    expect(cloud.asked.length).toBeLessThanOrEqual(1);
  });

  test("is not wasted on a place that is not there", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9");
    const answer = await createSts("eu-west-1").assumeRole(order, soon());
    expect(answer).toMatchObject({ ok: false, error: { why: "unavailable", error: "ECONNREFUSED" } });
  });
});

test("both calls go to the Region's own endpoint, never to the global one", async () => {
  vi.unstubAllEnvs();
  vi.stubEnv("AWS_ACCESS_KEY_ID", "ASIAFUNCTIONFUNCTION");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "function/secret");
  const hosts: string[] = [];
  const handled = vi.spyOn(NodeHttpHandler.prototype, "handle").mockImplementation(async ({ hostname }) => {
    hosts.push(hostname);
    throw Object.assign(new Error("no network here"), { code: "ECONNREFUSED" });
  });
  const own = createSts("eu-central-1");
  await own.assumeRole(order, soon());
  await own.getScopedCredentials(held, { durationSeconds: 60, description: "d" }, soon());
  handled.mockRestore();
  expect(new Set(hosts)).toEqual(new Set(["sts.eu-central-1.amazonaws.com"]));
  expect(hosts.length).toBeGreaterThanOrEqual(2);
});
