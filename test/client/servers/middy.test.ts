import middy from "@middy/core";
import { describe, expect, test } from "vitest";
import type { LambdaGuardInput } from "../../../client/adapters/lambda/guard.ts";
import { callerOf, createMiddyGuard } from "../../../client/adapters/middy.ts";
import { planner } from "../../verify/issuer.ts";
import * as events from "./events.ts";
import { credentials, guarded, resource, restricted, setUp, ticketType } from "./ground.ts";

setUp();

type More = Partial<LambdaGuardInput>;
interface Answer {
  readonly statusCode: number;
  readonly headers?: Record<string, string>;
  readonly multiValueHeaders?: Record<string, string[]>;
  readonly body?: string;
}

/** A function of somebody's, guarded by one line. */
const lambda = (more: More = {}, own: (event: object) => unknown = (event) => callerOf(event).access.agent) => {
  const { requestUrl: _, ...input } = guarded();
  const handler = middy(async (event: object) => ({ statusCode: 200, body: String(await own(event)) })).use(
    createMiddyGuard({ ...input, ...more }),
  );
  return (event: unknown) => handler(event as object, {} as never) as Promise<Answer>;
};
const stageDomain = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com";
const api = "https://api.example.com";

/** Each way to a function, how it is told its own URL there, and what that is. */
const ways: readonly [name: string, more: More, event: (headers: Record<string, string>) => object, url: string][] = [
  [
    "a function URL, by the resource's origin",
    {},
    (headers) => events.functionUrlEvent({ headers }),
    `${resource}/things`,
  ],
  [
    "a function URL, by its domain name",
    { byDomainName: true },
    (headers) => events.functionUrlEvent({ headers }),
    "https://u1.lambda-url.eu-west-1.on.aws/things",
  ],
  ["an HTTP API without a stage in its path", {}, (headers) => events.httpEvent({ headers }), `${resource}/things`],
  [
    "an HTTP API with a stage",
    { byDomainName: true },
    (headers) => events.httpEvent({ headers, stage: "prod" }),
    "https://h1.execute-api.eu-west-1.amazonaws.com/prod/things",
  ],
  [
    "an HTTP API behind a custom domain's mapping",
    { requestUrl: `${api}/v1`, withoutStage: true },
    (headers) => events.httpEvent({ headers, stage: "prod", domain: "api.example.com" }),
    `${api}/v1/things`,
  ],
  [
    "an HTTP API in payload format 1.0 behind a mapping",
    { requestUrl: api },
    (headers) => events.httpV1Event({ headers, domain: "api.example.com", base: "/v1" }),
    `${api}/v1/things`,
  ],
  [
    "a REST API with its stage",
    { byDomainName: true },
    (headers) => events.restEvent({ headers }),
    `${stageDomain}/prod/things`,
  ],
  [
    "a REST API behind a custom domain's base path",
    { byDomainName: true },
    (headers) => events.restEvent({ headers, domain: "api.example.com", base: "/v1" }),
    `${api}/v1/things`,
  ],
  [
    "a load balancer",
    { behind: "load-balancer", requestUrl: api },
    (headers) => events.loadBalancerEvent({ headers }),
    `${api}/things`,
  ],
  [
    "a load balancer that hands lists on",
    { behind: "load-balancer", requestUrl: api },
    (headers) => events.loadBalancerListsEvent({ headers }),
    `${api}/things`,
  ],
];

describe.each(ways)("middy's guard behind %s", (_, more, event, url) => {
  const asked = async (proved: string) => (await lambda(more)(event(credentials({ url: proved })))).statusCode;

  test("lets in who proves the URL as callers write it", async () => {
    expect(await lambda(more)(event(credentials({ url })))).toMatchObject({ statusCode: 200, body: planner });
  });

  test("threat 9: is moved by no header that names another host", async () => {
    for (const other of ["https://evil.example/things", "http://evil.example/things", url.replace("https", "http")])
      expect(await asked(other), other).toBe(401);
  });

  test("threat 9: refuses a proof for another path, stage or base path", async () => {
    const { origin, pathname } = new URL(url);
    const others = [
      "/other",
      "/v1/other",
      "/prod/v1/things",
      `/${pathname}`,
      `${pathname}/`,
      `${pathname.toUpperCase()}`,
    ];
    for (const path of others) expect(await asked(origin + path), path).toBe(401);
  });

  test("answers what is refused with its challenge, in the form that is read there", async () => {
    const answer = await lambda(more)(event({}));
    const challenge = answer.multiValueHeaders?.["WWW-Authenticate"]?.[0] ?? answer.headers?.["WWW-Authenticate"];
    expect([answer.statusCode, challenge]).toEqual([401, expect.stringMatching(/^DPoP /)]);
    const lists = "multiValueHeaders" in event({}) && !("headers" in event({}));
    expect(answer.multiValueHeaders !== undefined).toBe(lists);
  });

  test("gives nonces in that form as well", async () => {
    const strict = lambda({ ...more, nonces: true });
    const nonceOf = (answer: Answer) => answer.multiValueHeaders?.["DPoP-Nonce"]?.[0] ?? answer.headers?.["DPoP-Nonce"];
    const nonce = nonceOf(await strict(event(credentials({ url })))) ?? "";
    const answer = await strict(event(credentials({ url, nonce })));
    expect([answer.statusCode, nonceOf(answer)]).toEqual([200, nonce]);
  });
});

describe("middy's guard", () => {
  const put = (event: object) => lambda()(event);

  test("sees a header that came twice", async () => {
    const headers = credentials();
    const { authorization, dpop } = headers;
    const twice = { authorization: ["DPoP a.b.c", authorization] };
    const rest = lambda({ requestUrl: stageDomain });
    const url = `${stageDomain}/prod/things`;
    const own = credentials({ url });
    expect((await rest(events.restEvent({ headers: own }))).statusCode).toBe(200);
    const again = credentials({ url });
    const multi = { authorization: ["DPoP a.b.c", again.authorization] };
    expect((await rest(events.restEvent({ headers: again, multi }))).statusCode).toBe(400);
    // an HTTP API joins them
    expect(
      (await put(events.httpEvent({ headers: { ...headers, authorization: twice.authorization.join(",") } })))
        .statusCode,
    ).toBe(400);
    expect((await put(events.httpEvent({ headers: { ...headers, dpop: `${dpop},${dpop}` } }))).statusCode).toBe(401);
    const balanced = lambda({ behind: "load-balancer", requestUrl: resource });
    expect((await balanced(events.loadBalancerListsEvent({ headers, multi: twice }))).statusCode).toBe(400);
    expect((await put(events.httpEvent({ headers }))).statusCode).toBe(200);
  });

  test.each<[string, string, string, number]>([
    ["a question mark that was escaped is none that ends the path", "/things?x", `${resource}/things`, 401],
    ["and is one for whoever wrote it", "/things?x", `${resource}/things%3Fx`, 200],
    ["nor is a number sign", "/things#x", `${resource}/things`, 401],
    ["a blank is the blank that was escaped", "/a b", `${resource}/a%20b`, 200],
    ["letters beyond ASCII too", "/käse", `${resource}/k%C3%A4se`, 200],
    ["a backslash is no slash", "/a\\b", `${resource}/a/b`, 401],
    ["half a character is refused, not a failure", "/\ud800", `${resource}/`, 401],
    ["an escaped slash stays one where the path came raw", "/a%2Fb", `${resource}/a%2Fb`, 200],
    ["and is no other path", "/a%2Fb", `${resource}/a/b`, 401],
    ["a doubled slash stays", "//things", `${resource}/things`, 401],
  ])("of a path that was handed on decoded: %s", async (_, path, url, status) => {
    expect((await put(events.functionUrlEvent({ headers: credentials({ url }), path }))).statusCode).toBe(status);
  });

  test("behind a load balancer is not made without its own URL", () => {
    const { requestUrl: _, ...input } = guarded();
    expect(() => createMiddyGuard({ ...input, behind: "load-balancer" })).toThrow(/load balancer/);
    expect(() => createMiddyGuard({ ...input, byDomainName: true, requestUrl: api })).toThrow(TypeError);
    expect(() => createMiddyGuard({ ...input, resource: "urn:tickets" })).toThrow(/requestUrl/);
    expect(() => createMiddyGuard({ ...input, resource: "urn:tickets", byDomainName: true })).not.toThrow();
  });

  test.each<[string, object | undefined, More]>([
    ["a load balancer's event at an API", events.loadBalancerEvent({ headers: {} }), {}],
    [
      "an API's event at a load balancer",
      events.httpEvent({ headers: {} }),
      { behind: "load-balancer", requestUrl: api },
    ],
    ["a message of SQS", { Records: [] }, {}],
    ["an event without a path", { ...events.httpEvent({ headers: {} }), rawPath: undefined }, {}],
    ["an event without a method", { ...events.restEvent({ headers: {} }), httpMethod: 1 }, {}],
    [
      "a REST API's event without the path that has the stage",
      { ...events.restEvent({ headers: {} }), requestContext: {} },
      {},
    ],
    ["a target that is no path", events.functionUrlEvent({ headers: {}, path: "https://evil.example/" }), {}],
    [
      "an event without a domain name",
      { ...events.httpEvent({ headers: {} }), requestContext: { http: { method: "GET" } } },
      { byDomainName: true },
    ],
    [
      "a domain name with a path in it",
      {
        ...events.httpEvent({ headers: {} }),
        requestContext: { http: { method: "GET" }, domainName: "evil.example/x" },
      },
      { byDomainName: true },
    ],
  ])("takes %s for no request at all, and runs no handler", async (_, event, more) => {
    let ran = false;
    const handle = lambda(more, () => {
      ran = true;
    });
    await expect(handle(event)).rejects.toThrow(TypeError);
    expect(ran).toBe(false);
  });

  test("takes a stage off that stands there alone", async () => {
    const own = lambda({ requestUrl: api, withoutStage: true });
    const asked = async (path: string, url: string) => {
      const event = events.httpEvent({ headers: credentials({ url }), stage: "prod", domain: "api.example.com" });
      return (await own({ ...event, rawPath: path })).statusCode;
    };
    expect(await asked("/prod/things", `${api}/things`)).toBe(200);
    expect(await asked("/prod/prod/things", `${api}/prod/things`)).toBe(200);
    expect(await asked("/production/things", `${api}/uction/things`)).toBe(401);
    expect(await asked("/prod/things", `${api}/prod/things`)).toBe(401);
  });

  test("answers what the handler's own checks refuse, and leaves other failures", async () => {
    const late = lambda({ details: [ticketType] }, (event) => callerOf(event).permits({ ticket: { queues: "b" } }));
    const held = events.httpEvent({ headers: credentials({ claims: restricted }) });
    expect(await late(held)).toMatchObject({
      statusCode: 403,
      headers: { "WWW-Authenticate": expect.stringContaining("insufficient_scope") },
    });
    const broken = lambda({}, () => {
      throw new RangeError("the handler's own");
    });
    await expect(broken(events.httpEvent({ headers: credentials() }))).rejects.toThrow(RangeError);
  });

  test("threat 40: told of no types of details, refuses a token that any restricts", async () => {
    const headers = credentials({ claims: restricted });
    expect((await put(events.httpEvent({ headers }))).statusCode).toBe(403);
  });

  test("lets a proof work once, and asks every request for the scopes it is told", async () => {
    const headers = credentials();
    const own = lambda();
    expect((await own(events.httpEvent({ headers }))).statusCode).toBe(200);
    expect((await own(events.httpEvent({ headers }))).statusCode).toBe(401);
    const burn = lambda({ requires: ["tickets:burn"] });
    expect((await burn(events.httpEvent({ headers: credentials() }))).statusCode).toBe(403);
  });

  test("answers the resource's metadata and preflights without a token", async () => {
    const path = "/.well-known/oauth-protected-resource";
    const answer = await put({ ...events.functionUrlEvent({ headers: {}, path }) });
    expect([answer.statusCode, JSON.parse(answer.body ?? "").resource]).toEqual([200, resource]);
    const asks = { origin: "https://page.example", "access-control-request-method": "POST" };
    expect((await put(events.httpEvent({ headers: asks, method: "OPTIONS" }))).statusCode).toBe(204);
  });

  test("puts its headers on a bare answer too", async () => {
    const { requestUrl: _, ...input } = guarded();
    const bare = middy(async () => ({ tickets: [] })).use(createMiddyGuard(input));
    const headers = { ...credentials(), origin: "https://page.example" };
    expect(await bare(events.functionUrlEvent({ headers }) as never, {} as never)).toMatchObject({
      statusCode: 200,
      headers: { "Access-Control-Allow-Origin": "*", "Content-Type": "application/json" },
      body: '{"tickets":[]}',
    });
  });
});

test("who calls is told of no event that no guard has seen", () => {
  expect(() => callerOf({})).toThrow(TypeError);
});
