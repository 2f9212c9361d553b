import { describe, expect, test } from "vitest";
import { createResourceServer, type ResourceServerInput } from "../../client/resource/resource-server.ts";
import { outcomeOf } from "../kit/outcome.ts";
import { serve } from "../kit/serve.ts";
import { issuer } from "../kit/world/ground.ts";

const resource = "https://api.example/mcp";
const guardOf = (more: Partial<ResourceServerInput> = {}) =>
  createResourceServer({ issuer, resource, mode: "offline", ...more });
const page = { origin: "https://page.example" };
const preflight = {
  ...page,
  "access-control-request-method": "POST",
  "access-control-request-headers": "authorization,dpop,content-type",
};
const answer = async (method: string, url: string, headers = {}, more: Partial<ResourceServerInput> = {}) => {
  const evaluated = await outcomeOf(guardOf(more).authenticate({ method, url, headers }));
  if (evaluated.ok) throw new Error("let in without a token");
  return { ...evaluated.error.reply, code: evaluated.error.refusal.code };
};

describe("before the guard asks for a token, it answers", () => {
  test.each(["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"])(
    "the metadata at %s, as who has no token yet needs it",
    async (url) => {
      const reply = await answer("GET", url);
      expect(reply).toMatchObject({ code: "open", status: 200, headers: { "Access-Control-Allow-Origin": "*" } });
      expect(JSON.parse(reply.body)).toMatchObject({ resource, authorization_servers: [issuer] });
      expect(reply.headers).not.toHaveProperty("WWW-Authenticate");
      expect(await answer("HEAD", url)).toMatchObject({ status: 200, body: "" });
      expect(await answer("OPTIONS", url, preflight)).toMatchObject({ status: 204 });
      expect(await answer("POST", url)).toMatchObject({ status: 405, headers: { Allow: "GET, HEAD, OPTIONS" } });
    },
  );

  test("a preflight at every path: it never carries a token", async () => {
    for (const url of ["/mcp", "/mcp/tools", "/", "/elsewhere"]) {
      const { status, code, headers } = await answer("OPTIONS", url, preflight);
      expect([status, code]).toEqual([204, "open"]);
      expect(headers["Access-Control-Allow-Origin"]).toBe("*");
      for (const name of ["Authorization", "DPoP", "Content-Type", "MCP-Protocol-Version"])
        expect(headers["Access-Control-Allow-Headers"]).toContain(name);
      expect(headers["Access-Control-Allow-Methods"]).toContain("POST");
      expect(headers).not.toHaveProperty("Access-Control-Allow-Credentials");
    }
  });

  test("nothing else: OPTIONS that is no preflight, and all other requests are challenged", async () => {
    const { origin: _, ...withoutOrigin } = { ...preflight };
    for (const headers of [{}, page, withoutOrigin])
      expect(await answer("OPTIONS", "/mcp", headers)).toMatchObject({ status: 401 });
    for (const method of ["GET", "POST", "DELETE"])
      expect(await answer(method, "/mcp", preflight)).toMatchObject({ status: 401, code: "credentials_missing" });
    expect(await answer("GET", "/mcp/.well-known/oauth-protected-resource")).toMatchObject({ status: 401 });
  });

  test("preflights no more, and no page, where the application does so itself", async () => {
    const own = { crossOrigin: false } as const;
    expect(await answer("OPTIONS", "/mcp", preflight, own)).toMatchObject({ status: 401 });
    expect((await answer("GET", "/mcp", page, own)).headers).not.toHaveProperty("Access-Control-Allow-Origin");
  });
});

test("a page may read its challenge and nonce; who is no page is told nothing of origins", async () => {
  const { headers } = await answer("GET", "/mcp", page, { nonces: true });
  expect(headers).toMatchObject({
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "WWW-Authenticate, DPoP-Nonce, Retry-After",
  });
  expect((await answer("GET", "/mcp")).headers).not.toHaveProperty("Access-Control-Allow-Origin");
});

test("a request as Node gives it is answered alike", async () => {
  const guard = guardOf();
  const { origin } = await serve(async ({ request }) => {
    const evaluated = await outcomeOf(guard.authenticate(request));
    return evaluated.ok ? {} : evaluated.error.reply;
  });
  const metadata = await fetch(`${origin}/.well-known/oauth-protected-resource/mcp?x=1`);
  expect(await metadata.json()).toMatchObject({ resource });
  expect((await fetch(`${origin}/mcp`, { method: "OPTIONS", headers: preflight })).status).toBe(204);
  expect((await fetch(`${origin}/mcp`)).status).toBe(401);
});
