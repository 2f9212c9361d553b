import { connect } from "node:http2";
import fastify from "fastify";
import { Hono } from "hono";
import { describe, expect, onTestFinished, test } from "vitest";
import { callerOf, createFastifyGuard } from "../../../client/adapters/fastify.ts";
import { createFetchGuard } from "../../../client/adapters/fetch.ts";
import * as onHono from "../../../client/adapters/hono.ts";
import { createResourceServer } from "../../../client/verify.ts";
import { planner } from "../../verify/issuer.ts";
import { credentials, guarded, resource, setUp } from "./ground.ts";

setUp();

describe("Fastify", () => {
  test("over HTTP/2, which has no list of distinct headers, sees one that came twice", async () => {
    const app = fastify({ http2: true });
    app.addHook("onRequest", createFastifyGuard(guarded()));
    app.get("/things", async (request) => callerOf(request).access.agent);
    const client = connect(await app.listen({ port: 0, host: "127.0.0.1" }));
    onTestFinished(async () => {
      client.destroy();
      await app.close();
    });
    const ask = (headers: Readonly<Record<string, string | string[]>>) =>
      new Promise<number>((resolve, reject) => {
        const sent = client.request({ ":path": "/things", ":authority": "evil.example", ...headers });
        sent.on("response", (told) => resolve(Number(told[":status"]))).on("error", reject);
        sent.resume();
      });
    expect(await ask(credentials())).toBe(200);
    const { authorization, dpop } = credentials();
    expect(await ask({ authorization, dpop: [dpop, dpop] })).toBe(401);
    expect(await ask(credentials({ url: "https://evil.example/things" }))).toBe(401);
  });

  test("when it is tried by inject, is judged as it is over a socket", async () => {
    const app = fastify();
    app.addHook("onRequest", createFastifyGuard(guarded()));
    app.get("/things", async (request) => callerOf(request).access.agent);
    onTestFinished(() => app.close());
    const ask = async (headers: Record<string, string>) => (await app.inject({ url: "/things", headers })).statusCode;
    expect(await ask(credentials())).toBe(200);
    const { authorization, dpop } = credentials();
    expect(await ask({ authorization, dpop: `${dpop}, ${dpop}` })).toBe(401);
    expect(await ask({})).toBe(401);
  });

  test("with a rewritten URL holds to what the caller wrote", async () => {
    const app = fastify({ rewriteUrl: (request) => String(request.url).replace("/outer", "") });
    app.addHook("onRequest", createFastifyGuard(guarded()));
    app.get("/things", async (request) => callerOf(request).access.agent);
    onTestFinished(() => app.close());
    const ask = async (url: string) =>
      (await app.inject({ url: "/outer/things", headers: credentials({ url }) })).statusCode;
    expect(await ask(`${resource}/outer/things`)).toBe(200);
    expect(await ask(`${resource}/things`)).toBe(401);
  });
});

describe("Hono", () => {
  const ask = (app: Hono, path: string, url: string, more: object = {}) =>
    app.request(`http://evil.example${path}`, { headers: credentials({ url, ...more }) });

  test("behind mount, which takes its prefix away, is told the prefix", async () => {
    const of = (more: object) =>
      new Hono().mount(
        "/v1",
        createFetchGuard(guarded(more), (_, caller) => new Response(caller.access.agent)),
      );
    const told = of({ requestUrl: `${resource}/v1` });
    expect(await (await ask(told, "/v1/things", `${resource}/v1/things`)).text()).toBe(planner);
    expect((await ask(told, "/v1/things", `${resource}/things`)).status).toBe(401);
    expect((await ask(of({}), "/v1/things", `${resource}/v1/things`)).status).toBe(401);
  });

  test("answers a refusal in a handler with nothing of what its handler of errors said", async () => {
    const app = new Hono();
    app.onError((_, context) => context.text("own", 500, { "x-own": "1" }));
    app.use("*", onHono.createHonoGuard(guarded()));
    app.get("/things", (context) => context.text(String(onHono.callerOf(context).requires("tickets:burn"))));
    const answer = await ask(app, "/things", `${resource}/things`);
    expect([answer.status, answer.headers.get("x-own")]).toEqual([403, null]);
    expect(answer.headers.get("www-authenticate")).toContain("insufficient_scope");
  });
});

test("a guard that there is already serves in every adapter", async () => {
  const server = createResourceServer(guarded());
  const handle = createFetchGuard({ server, requires: ["tickets:read"] }, () =>
    Response.redirect("https://elsewhere.example/"),
  );
  const asked = (more: object = {}) =>
    handle(new Request("http://evil.example/things", { headers: credentials(more) }));
  expect((await asked()).status).toBe(302);
  expect((await asked({ claims: { scope: "tickets:write" } })).status).toBe(403);
});

test("what a runtime hands on besides the request reaches a fetch handler", async () => {
  const handle = createFetchGuard(guarded(), (_request, _caller, env: { name: string }) => new Response(env.name));
  const request = new Request("http://evil.example/things", { headers: credentials() });
  expect(await (await handle(request, { name: "env" })).text()).toBe("env");
});
