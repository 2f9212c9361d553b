import type { Context } from "aws-lambda";
import { describe, expect, test } from "vitest";
import { denialReply } from "../../core/denial/wire.ts";
import type { Endpoint } from "../../lambdas/http/edge.ts";
import { operatorOf } from "../../lambdas/http/operator.ts";
import type { UrlEvent } from "../../lambdas/http/url-event.ts";
import { endsWithin } from "../kit/patience.ts";
import { edge, event, fine, host, seen } from "./edge-events.ts";

describe("the call that core sees", () => {
  test("is built from the platform's facts", async () => {
    expect(await seen(event())).toEqual({
      method: "POST",
      url: `https://${host}/`,
      path: "/",
      contentType: "application/x-www-form-urlencoded",
      body: "a=b",
      dpop: [],
      requestId: "req-1",
      sourceIp: "192.0.2.1",
      userAgent: "agent/1",
    });
  });

  test("threat 9: takes its URL from the platform, whatever Host and forwarding headers say", async () => {
    const headers = {
      host: "evil.example",
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "http",
      "x-forwarded-port": "80",
      forwarded: "host=evil.example;proto=http",
      "x-original-url": "/admin",
      ":authority": "evil.example",
    };
    const call = await seen(event({ headers }));
    expect(call.url).toBe(`https://${host}/`);
    expect(JSON.stringify(call)).not.toContain("evil");
  });

  test.each([
    "evil.example",
    "abc.lambda-url.eu-west-1.on.aws.evil.example",
    "evil.example/abc.lambda-url.eu-west-1.on.aws",
    "127.0.0.1",
    "localhost:3000",
    "127.0.0.1:99999999",
    "",
  ])("is refused where the event names the domain %j: it did not come through a URL of ours", async (domainName) => {
    const { call } = edge(async () => fine);
    expect((await call(event({ context: { domainName } }))).statusCode).toBe(500);
  });

  test("has an http URL only in the embedded cloud", async () => {
    expect((await seen(event({ context: { domainName: "127.0.0.1:3999" } }))).url).toBe("http://127.0.0.1:3999/");
  });

  test("leaves the query out of the URL", async () => {
    const made = { ...event(), rawQueryString: "token=x", rawPath: "/" } as UrlEvent;
    expect((await seen(made)).url).toBe(`https://${host}/`);
  });

  test.each([
    [{ dpop: "p1" }, ["p1"]],
    [{ DPoP: "p1" }, ["p1"]],
    [{ dpop: "p1,p2" }, ["p1", "p2"]],
    [{ dpop: "p1, p2" }, ["p1", "p2"]],
    [{ dpop: "p1," }, ["p1", ""]],
    [{ dpop: ",p1" }, ["", "p1"]],
    [{ dpop: "" }, [""]],
    [{ dpop: "p1", DPOP: "p2" }, ["p1", "p2"]],
    [{ "x-dpop": "p1" }, []],
  ])("shows every DPoP value of %j, so that two proofs are two", async (headers, dpop) => {
    expect((await seen(event({ headers }))).dpop).toEqual(dpop);
  });

  test.each([
    [{ authorization: "Basic d29ya2VyOnNlY3JldA==" }, "Basic"],
    [{ Authorization: "Bearer eyJhbGciOi" }, "Bearer"],
    [{ authorization: "AWS4-HMAC-SHA256 Credential=AKIA" }, "AWS4-HMAC-SHA256"],
    [{ authorization: "Negotiate" }, "Negotiate"],
    // no scheme that could be echoed into a header; that it was tried counts all the same
    [{ authorization: 'Ba"sic x' }, "Basic"],
    [{ authorization: "" }, "Basic"],
    [{ authorization: `${"a".repeat(33)} x` }, "Basic"],
    [{ "x-authorization": "Basic x" }, undefined],
  ])("shows of an Authorization header in %j the scheme, never what it holds", async (headers, scheme) => {
    const call = await seen(event({ headers }));
    expect(call.authorizationScheme).toBe(scheme);
    expect(JSON.stringify(call)).not.toMatch(/d29ya2|eyJhb|AKIA/);
  });

  test("decodes a base64 body", async () => {
    const body = Buffer.from("scope=crm%3Aread").toString("base64");
    expect((await seen(event({ body, isBase64Encoded: true }))).body).toBe("scope=crm%3Aread");
  });

  test("takes a body of exactly the limit", async () => {
    const text = "a".repeat(65_536);
    expect((await seen(event({ body: text }))).body).toHaveLength(65_536);
    const body = Buffer.from(text).toString("base64");
    expect((await seen(event({ body, isBase64Encoded: true }))).body).toHaveLength(65_536);
  });

  test("has an empty body where none came", async () => {
    expect((await seen(event({ body: null }))).body).toBe("");
  });
});

describe("refused before core", () => {
  const never: Endpoint = async () => {
    throw new Error("core was reached");
  };
  const big = "a".repeat(65_537);
  test.each([
    ["a body over the limit", { body: big }, 413],
    ["a body over the limit in bytes, not characters", { body: "é".repeat(40_000) }, 413],
    ["a base64 body over the limit", { body: Buffer.from(big).toString("base64"), isBase64Encoded: true }, 413],
    ["six megabytes", { body: "a".repeat(6_000_000), isBase64Encoded: true }, 413],
    ["a body that is not base64", { body: "a=b&c=d!", isBase64Encoded: true }, 400],
    [
      "a body that is not UTF-8",
      { body: Buffer.from([0x61, 0xff, 0xfe]).toString("base64"), isBase64Encoded: true },
      400,
    ],
    ["overlong UTF-8", { body: Buffer.from([0xc0, 0xaf]).toString("base64"), isBase64Encoded: true }, 400],
  ])("%s", async (_, more, status) => {
    const { call, logged } = edge(never);
    const result = await call(event(more));
    expect(result.statusCode).toBe(status);
    expect(JSON.parse(result.body)).toMatchObject({ error: "invalid_request" });
    expect(logged).toEqual([]);
  });
});

describe("every answer", () => {
  const always = (result: { headers: Readonly<Record<string, string>> }) =>
    expect(result.headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-request-id": "req-1",
      "content-security-policy": expect.stringContaining("default-src 'none'"),
      "strict-transport-security": expect.stringContaining("max-age="),
    });

  test("is not to be stored, unless core says so", async () => {
    const plain = await edge(async () => fine).call(event());
    always(plain);
    expect(plain.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
    const cached = await edge(async () => ({ ...fine, headers: { "Cache-Control": "public, max-age=2" } })).call(
      event(),
    );
    expect(cached.headers["cache-control"]).toBe("public, max-age=2");
    expect(cached.headers).not.toHaveProperty("pragma");
    expect(Object.keys(cached.headers).filter((name) => name.toLowerCase() === "cache-control")).toHaveLength(1);
  });

  test("carries core's own headers", async () => {
    const { call, counted } = edge(async () =>
      denialReply({ code: "method_not_allowed", method: "PUT", allow: "POST" }),
    );
    const result = await call(event());
    expect(result).toMatchObject({ statusCode: 405, headers: { allow: "POST" } });
    expect(counted).toEqual(["invalid_request"]);
  });

  test("has no body for HEAD", async () => {
    const result = await edge(async () => ({ ...fine, body: "x" })).call(event({ http: { method: "HEAD" } }));
    expect(result).toMatchObject({ statusCode: 200, body: "" });
  });

  test("tells nothing of a failure, and logs it once", async () => {
    const { call, logged, counted } = edge(async () => {
      throw new Error("table Sessions-9X2 in account 111122223333 is on fire");
    });
    const result = await call(event());
    always(result);
    expect(result.statusCode).toBe(500);
    expect(JSON.parse(result.body)).toEqual({ error: "server_error", error_description: expect.any(String) });
    expect(JSON.stringify(result)).not.toMatch(/Sessions-9X2|111122223333|fire|at /);
    expect(logged).toHaveLength(1);
    expect(counted).toEqual(["server_error"]);
  });

  test.each([
    ["an AWS error", Object.assign(new Error("x"), { name: "ThrottlingException", $metadata: {} })],
    ["a refused connection", Object.assign(new Error("x"), { code: "ECONNREFUSED" })],
    ["a cause that is an AWS error", new Error("x", { cause: Object.assign(new Error("y"), { $metadata: {} }) })],
    ["a timeout", Object.assign(new Error("x"), { name: "TimeoutError" })],
  ])("to %s asks to come again", async (_, failure) => {
    const result = await edge(async () => {
      throw failure;
    }).call(event());
    expect(result).toMatchObject({ statusCode: 503, headers: { "retry-after": "1", "cache-control": "no-store" } });
    expect(JSON.parse(result.body).error).toBe("temporarily_unavailable");
  });

  test("comes before the platform's own time is over", async () => {
    const { call } = edge(() => new Promise(() => {}));
    const answered = call(event(), { getRemainingTimeInMillis: () => 560 } as Context);
    expect((await endsWithin(500, answered)).statusCode).toBe(503);
  });

  test.each([undefined, null, "text", 7])("comes even where %j is thrown", async (thrown) => {
    const result = await edge(() => Promise.reject(thrown)).call(event());
    expect(result.statusCode).toBe(500);
  });

  test("comes even where a failure is its own cause", async () => {
    const ring = new Error("ring");
    ring.cause = new Error("link", { cause: ring });
    expect((await edge(() => Promise.reject(ring)).call(event())).statusCode).toBe(500);
  });

  test("comes even to an event that is none", async () => {
    const result = await edge(async () => fine).call({} as UrlEvent);
    expect(result.statusCode).toBe(500);
  });
});

describe("what is logged", () => {
  const token = `${"eyJhbGciOiJFUzI1NiJ9"}.${"eyJzdWIiOiJhIn0"}.${"c2lnbmF0dXJlLXNpZ25hdHVyZQ"}`;
  test.each([
    ["a token", new Error(`cannot read ${token} here`)],
    ["a token as cause", new Error("outer", { cause: new Error(token) })],
    ["an offer's handle", new Error(`no offer lyo_${"a".repeat(22)}.${"b".repeat(43)}`)],
    ["a quoted body", new SyntaxError(`Unexpected token 'g', "grant_type=secret" is not valid JSON`)],
    ["a long secret", new Error(`key ${"A".repeat(80)}`)],
  ])("never holds %s", async (_, failure) => {
    const { call, logged } = edge(async () => {
      throw failure;
    });
    await call(event());
    const text = JSON.stringify(logged);
    expect(text).not.toContain("eyJ");
    expect(text).not.toContain("bbbbbbbb");
    expect(text).not.toContain("AAAAAAAA");
    expect(text).not.toContain("grant_type=secret");
    expect(text).toContain("req-1");
  });
});

describe("threat 18: the operator", () => {
  const signed = (iam: unknown) => event({ context: { authorizer: { iam } } as never });
  const userArn = "arn:aws:sts::111122223333:assumed-role/Admin/alice";

  test("is who IAM proved, by unique id", () => {
    expect(operatorOf(signed({ userArn, userId: "AROAEXAMPLEEXAMPLE:alice" }))).toEqual({
      arn: userArn,
      uniqueId: "AROAEXAMPLEEXAMPLE",
    });
  });

  test.each([
    undefined,
    null,
    {},
    { userArn },
    { userId: "AROAEXAMPLEEXAMPLE:alice" },
    { userArn, userId: "" },
    { userArn, userId: ":alice" },
    { userArn, userId: 7 },
    { userArn: "alice", userId: "AROAEXAMPLEEXAMPLE:alice" },
    { userArn: ["arn:aws:sts::1:x"], userId: "AROAEXAMPLEEXAMPLE:alice" },
  ])("is nobody for %j", (iam) => {
    expect(operatorOf(signed(iam))).toBeUndefined();
  });

  test("is nobody where the URL is open to all, and headers do not make one", () => {
    expect(operatorOf(event({ context: { authorizer: null } }))).toBeUndefined();
    expect(operatorOf(event({ headers: { "x-amzn-user-arn": userArn, authorization: "x" } }))).toBeUndefined();
  });
});
