import { describe, expect, test } from "vitest";
import { createLambdaHandler } from "../../../client/handler.ts";
import { agentId, customers, tickets } from "../../kit/registry.ts";
import { cloud, forAda, headersOf, setUp } from "./ground.ts";

setUp();

const grants = [{ resource: customers, scopes: ["customers:read"] }];

/** A request as a function URL hands it over; an HTTP API's differs in `routeKey`, stage and names. */
const eventOf = (headers: Record<string, string>, more: object = {}) => ({
  version: "2.0",
  routeKey: "$default",
  rawPath: "/things",
  rawQueryString: "page=2",
  headers: { "x-forwarded-proto": "https", host: "u1.lambda-url.eu-west-1.on.aws", ...headers },
  queryStringParameters: { page: "2" },
  requestContext: {
    accountId: "anonymous",
    apiId: "u1",
    domainName: "u1.lambda-url.eu-west-1.on.aws",
    http: { method: "GET", path: "/things", protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "test" },
    requestId: "r-1",
    stage: "$default",
    time: "30/Nov/2026:12:00:00 +0000",
    timeEpoch: 1_796_040_000_000,
  },
  isBase64Encoded: false,
  ...more,
});

describe("a Lambda handler", () => {
  const lambda = () =>
    createLambdaHandler(
      { server: cloud.server(tickets), agent: cloud.agent("ticket-api"), grants },
      async (event: ReturnType<typeof eventOf>, { session }, context: { awsRequestId: string }) => ({
        statusCode: 200,
        headers: { "x-own": "1" },
        body: JSON.stringify([event.rawPath, session.agent, context.awsRequestId]),
      }),
    );
  const context = { awsRequestId: "invocation-1" };

  test("behind a function URL or an HTTP API runs with session, caller and context", async () => {
    const planner = await forAda();
    const answer = await lambda()(eventOf(await headersOf(planner)), context);
    expect(answer).toMatchObject({ statusCode: 200, headers: { "x-own": "1" } });
    expect(JSON.parse(answer.body ?? "")).toEqual(["/things", agentId("ticket-api"), "invocation-1"]);
    const api = { routeKey: "GET /things", requestContext: { http: { method: "GET" }, stage: "$default" } };
    const second = await lambda()(eventOf(await headersOf(planner), api) as ReturnType<typeof eventOf>, context);
    expect(second.statusCode).toBe(200);
  });

  test("answers what is refused in its own form", async () => {
    const answer = await lambda()(eventOf({}), context);
    expect(answer).toMatchObject({ statusCode: 401, headers: { "WWW-Authenticate": expect.stringContaining("DPoP") } });
  });

  test.each([
    ["payload format 1.0", { version: "1.0", httpMethod: "GET", path: "/things" }],
    ["a message of SQS", { Records: [] }],
    ["nothing", undefined],
  ])("refuses %s as no request at all", async (_, event) => {
    await expect(lambda()(event as never, context)).rejects.toThrow(TypeError);
  });
});
