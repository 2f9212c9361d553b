import { request as httpRequest, type OutgoingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listenWith } from "../../kit/wire/server.ts";
import { planner } from "../../verify/issuer.ts";
import { frameworks } from "./frameworks.ts";
import { credentials, resource, restricted, setUp, ticketType } from "./ground.ts";

setUp();

/** What came back. */
interface Answer {
  readonly status: number;
  readonly body: string;
  readonly challenge: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

interface Asking {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly trailers?: Record<string, string>;
}

/** Sends a request with exactly this target. */
const ask = (port: number, target: string, { method = "GET", headers = {}, trailers }: Asking = {}) =>
  new Promise<Answer>((resolve, reject) => {
    const more = trailers ? { "transfer-encoding": "chunked", trailer: Object.keys(trailers).join(", ") } : {};
    const sent = httpRequest(
      { host: "127.0.0.1", port, path: target, method, agent: false, headers: { ...headers, ...more } },
      (response) => {
        let body = "";
        response.on("data", (part) => {
          body += part;
        });
        response.on("end", () => {
          const { statusCode: status = 0, headers: told } = response;
          resolve({ status, body, challenge: String(told["www-authenticate"] ?? ""), headers: told });
        });
      },
    );
    sent.on("error", reject);
    if (trailers) sent.addTrailers(trailers);
    sent.end(trailers ? "body" : undefined);
  });

/** Sends bytes as they are: what no client library writes. */
const write = (port: number, text: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.end(text));
    let got = "";
    socket.on("data", (part) => {
      got += part;
    });
    socket.on("end", () => resolve(got)).on("error", reject);
  });

const there = `${resource}/api/v1/things`;
const evil = "https://evil.example/api/v1/things";

describe.each(Object.keys(frameworks))("%s, behind a mounted router", (name) => {
  let app: Awaited<ReturnType<typeof listenWith>>;
  let strict: typeof app;
  const made = (more: Parameters<(typeof frameworks)[string]>[0] = {}) =>
    frameworks[name]?.(more) ?? Promise.reject(name);
  beforeAll(async () => {
    app = await listenWith(await made());
    strict = await listenWith(await made({ details: [ticketType], nonces: true, requires: ["tickets:read"] }));
  });
  afterAll(async () => {
    await Promise.all([app.close(), strict.close()]);
  });
  const status = async (target: string, asking: Asking = {}) => (await ask(app.port, target, asking)).status;

  test("lets in who proves the whole path, and tells who calls", async () => {
    expect(await ask(app.port, "/api/v1/things", { headers: credentials({ url: there }) })).toMatchObject({
      status: 200,
      body: planner,
    });
    const posted = credentials({ url: there, method: "POST" });
    expect(await status("/api/v1/things", { method: "POST", headers: posted })).not.toBe(401);
  });

  test.each<[string, () => string]>([
    ["the path below the router alone", () => `${resource}/things`],
    ["the path below the inner router", () => `${resource}/v1/things`],
    ["another case", () => `${resource}/api/v1/Things`],
    ["a doubled slash", () => `${resource}//api/v1/things`],
    ["a slash at the end", () => `${resource}/api/v1/things/`],
    ["another origin", () => evil],
    ["plain http", () => there.replace("https", "http")],
    ["this machine", () => `http://127.0.0.1:${app.port}/api/v1/things`],
  ])("threat 9: refuses a proof for %s", async (_, url) => {
    const answer = await ask(app.port, "/api/v1/things", { headers: credentials({ url: url() }) });
    expect([answer.status, answer.challenge]).toEqual([401, expect.stringMatching(/^DPoP error="invalid_dpop_proof"/)]);
  });

  test.each<[string, OutgoingHttpHeaders]>([
    ["Host", { host: "evil.example" }],
    ["X-Forwarded-Host and -Proto", { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" }],
    ["X-Forwarded-Prefix", { "x-forwarded-prefix": "/evil", "x-forwarded-path": "/evil", "x-forwarded-port": "444" }],
    ["Forwarded", { forwarded: "for=1.2.3.4;host=evil.example;proto=https" }],
    ["X-Original-URL and X-Rewrite-URL", { "x-original-url": "/evil", "x-rewrite-url": "/evil" }],
  ])("threat 9: is moved nowhere by a forged %s", async (_, lies) => {
    const asked = (url: string) => status("/api/v1/things", { headers: { ...credentials({ url }), ...lies } });
    expect(await asked(there)).toBe(200);
    for (const url of [evil, "http://evil.example/api/v1/things", `${resource}/evil`, `${resource}/evil/api/v1/things`])
      expect(await asked(url), url).toBe(401);
  });

  test("threat 9: takes the path of an absolute target, and never its origin", async () => {
    const asked = async (url: string) => {
      const { authorization, dpop } = credentials({ url });
      const lines = ["GET http://evil.example/api/v1/things HTTP/1.1", "Host: evil.example", "Connection: close"];
      const text = [...lines, `Authorization: ${authorization}`, `DPoP: ${dpop}`, "", ""].join("\r\n");
      return (await write(app.port, text)).slice(9, 12);
    };
    expect(await asked("http://evil.example/api/v1/things")).toBe("401");
    expect(await asked(evil)).toBe("401");
    // what a framework does not route at all is no way in
    expect(["200", "404"]).toContain(await asked(there));
  });

  test("keeps paths apart that a router may take for one", async () => {
    const asked = (target: string, url: string) => status(target, { headers: credentials({ url }) });
    for (const target of ["/api/v1/things/a%2Fb", "/api/v1/things//b", "/api/v1/things/%2e%2e%2fwrite"])
      expect(await asked(target, resource + target), target).toBe(200);
    expect(await asked("/api/v1/things/a%2Fb", `${resource}/api/v1/things/a/b`)).toBe(401);
    expect(await asked("/api/v1/things/a/b", `${resource}/api/v1/things/a%2Fb`)).toBe(401);
    expect(await asked("/api/v1/things//b", `${resource}/api/v1/things/b`)).toBe(401);
    // the same by RFC 3986 6.2.2, however it is spelt
    expect(await asked("/api/v1/thing%73", there)).toBe(200);
  });

  test("does not compare queries, as RFC 9449 4.3 says", async () => {
    for (const [target, url] of [
      ["/api/v1/things?page=2", there],
      ["/api/v1/things?a=1&a=2&b=%2F", `${there}?other=1#part`],
    ] as const)
      expect(await status(target, { headers: credentials({ url }) }), target).toBe(200);
  });

  test("sees a header that came twice, in whatever case", async () => {
    const twice = async (more: (given: { authorization: string; dpop: string }) => readonly string[]) => {
      const given = credentials({ url: there });
      const lines = ["GET /api/v1/things HTTP/1.1", "Host: tickets.example", "Connection: close"];
      return (await write(app.port, [...lines, ...more(given), "", ""].join("\r\n"))).slice(9, 12);
    };
    expect(await twice(({ authorization, dpop }) => [`AUTHORIZATION: ${authorization}`, `dPoP: ${dpop}`])).toBe("200");
    expect(
      await twice(({ authorization, dpop }) => [
        `Authorization: ${authorization}`,
        "authorization: DPoP a.b.c",
        `DPoP: ${dpop}`,
      ]),
    ).toBe("400");
    expect(
      await twice(({ authorization, dpop }) => [
        "Authorization: Basic YTpi",
        `authorization: ${authorization}`,
        `DPoP: ${dpop}`,
      ]),
    ).toBe("400");
    expect(
      await twice(({ authorization, dpop }) => [`Authorization: ${authorization}`, `DPoP: ${dpop}`, `dpop: ${dpop}`]),
    ).toBe("401");
  });

  test("reads no credentials from trailers, a query or a body", async () => {
    const { authorization, dpop } = credentials({ url: there, method: "POST" });
    const asking = { method: "POST", trailers: { authorization, dpop } };
    expect(await status("/api/v1/things", asking)).toBe(401);
    expect(await status("/api/v1/things", { ...asking, headers: { authorization } })).toBe(401);
    const token = authorization.slice(5);
    expect(await status(`/api/v1/things?access_token=${token}`, { headers: { dpop } })).toBe(401);
  });

  test("lets a proof work once", async () => {
    const headers = credentials({ url: there });
    expect(await status("/api/v1/things", { headers })).toBe(200);
    expect(await status("/api/v1/things", { headers })).toBe(401);
  });

  test("threat 40: told of no types of details, refuses a token that any restricts", async () => {
    const headers = credentials({ url: there, claims: restricted });
    expect(await ask(app.port, "/api/v1/things", { headers })).toMatchObject({
      status: 403,
      challenge: expect.stringContaining("insufficient_scope"),
    });
  });

  test("answers what a route asks for beyond the token, with its challenge, before the handler or in it", async () => {
    for (const path of ["/api/v1/write", "/api/v1/late"]) {
      const answer = await ask(app.port, path, { headers: credentials({ url: resource + path }) });
      expect(answer, path).toMatchObject({ status: 403, challenge: expect.stringContaining('scope="tickets:burn"') });
      expect(JSON.parse(answer.body)).toMatchObject({ error: "insufficient_scope" });
      const claims = { scope: "tickets:burn" };
      expect((await ask(app.port, path, { headers: credentials({ url: resource + path, claims }) })).status).toBe(200);
    }
  });

  test("leaves a failure of the handler's own to the application", async () => {
    const headers = credentials({ url: `${resource}/api/v1/broken` });
    expect(await ask(app.port, "/api/v1/broken", { headers })).toMatchObject({ status: 500, body: "own" });
  });

  test("judges what a request is about to do by the token's details", async () => {
    const asked = async (queue: string) => {
      const url = `${resource}/api/v1/queue/${queue}`;
      const nonce = String((await ask(strict.port, "/api/v1/things")).headers["dpop-nonce"]);
      return ask(strict.port, `/api/v1/queue/${queue}`, { headers: credentials({ url, claims: restricted, nonce }) });
    };
    expect(await asked("a")).toMatchObject({ status: 200 });
    expect(await asked("b")).toMatchObject({ status: 403, challenge: expect.stringContaining("insufficient_scope") });
  });

  test("gives nonces with every answer, and asks for the scopes that every request needs", async () => {
    const first = await ask(strict.port, "/api/v1/things", { headers: credentials({ url: there }) });
    expect([first.status, first.challenge]).toEqual([401, expect.stringContaining("use_dpop_nonce")]);
    const nonce = String(first.headers["dpop-nonce"]);
    const origin = { origin: "https://page.example" };
    const headers = { ...credentials({ url: there, nonce }), ...origin };
    const second = await ask(strict.port, "/api/v1/things", { headers });
    expect(second).toMatchObject({ status: 200, headers: { "dpop-nonce": nonce, "access-control-allow-origin": "*" } });
    const poor = credentials({ url: there, nonce, claims: { scope: "tickets:write" } });
    expect(await ask(strict.port, "/api/v1/things", { headers: poor })).toMatchObject({
      status: 403,
      headers: { "dpop-nonce": nonce },
    });
  });

  test("tells the application of what it refuses", async () => {
    const told: string[] = [];
    const own = await listenWith(
      await made({ refused: (error) => told.push((error as Error & { code: string }).code) }),
    );
    await ask(own.port, "/api/v1/things");
    await own.close();
    expect(told).toEqual(["credentials_missing"]);
  });

  test("works behind a proxy that names itself and forwards what the caller claims", async () => {
    const proxy = await listenWith((request, response) => {
      const { port } = app;
      const headers = { ...request.headers, host: `127.0.0.1:${port}`, "x-forwarded-host": request.headers.host };
      const onward = httpRequest({ host: "127.0.0.1", port, path: request.url, method: request.method, headers });
      onward.on("response", (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      request.pipe(onward);
    });
    const host = { host: "evil.example" };
    const asked = async (url: string) =>
      (await ask(proxy.port, "/api/v1/things", { headers: { ...credentials({ url }), ...host } })).status;
    expect(await asked(there)).toBe(200);
    expect(await asked(evil)).toBe(401);
    expect(await asked(`http://127.0.0.1:${app.port}/api/v1/things`)).toBe(401);
    await proxy.close();
  });

  test("at another base than the resource's, is told so and takes no other", async () => {
    const own = await listenWith(await made({ requestUrl: "https://edge.example/base" }));
    const asked = async (url: string) =>
      (await ask(own.port, "/api/v1/things", { headers: credentials({ url }) })).status;
    expect(await asked("https://edge.example/base/api/v1/things")).toBe(200);
    expect(await asked(there)).toBe(401);
    await own.close();
  });
});
