import { mkdtempSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityProvider, startIdentityProvider } from "../../local/demo/identity-provider/provider.ts";
import { freeRow } from "../kit/ports.ts";

const lanyardIssuer = "http://127.0.0.1:9";
const folder = mkdtempSync(join(tmpdir(), "lanyard-idp-"));
let provider: IdentityProvider;
const start = (ports: { port?: number } = {}) =>
  startIdentityProvider({ folder, lanyardIssuer, agents: ["planner", "researcher"], ...ports });

beforeAll(async () => {
  // of a port that the system picked, another might be given it between two starts
  provider = await start({ port: await freeRow(1) });
});
afterAll(async () => {
  await provider.close();
  rmSync(folder, { recursive: true });
});

/** One GET with headers fetch() would not let us choose. */
const get = (url: string, headers: Record<string, string>) =>
  new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    request(url, { headers, agent: false }, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, body }));
    })
      .on("error", reject)
      .end();
  });

describe("the demo OpenID provider", () => {
  it("signs the demo person in as the agent's own client", async () => {
    const reply = await fetch(`${provider.signIn}?agent=planner`);
    expect(reply.status).toBe(200);
    const tokens = (await reply.json()) as Record<string, string>;
    expect(Object.keys(tokens).sort()).toEqual(["access_token", "id_token"]);
    const metadata = (await (await fetch(`${provider.issuer}/.well-known/openid-configuration`)).json()) as {
      jwks_uri: string;
    };
    const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));
    const id = await jwtVerify(tokens.id_token ?? "", keys, { issuer: provider.issuer, algorithms: ["RS256"] });
    expect(id.payload.aud).toBe("planner-app");
    expect(id.payload).toMatchObject({ sub: "ada", groups: ["support"], auth_time: expect.any(Number) });
    const access = await jwtVerify(tokens.access_token ?? "", keys, { issuer: provider.issuer, typ: "at+jwt" });
    expect(access.payload).toMatchObject({ aud: lanyardIssuer, client_id: "planner-app", sub: "ada" });
  });

  it("signs a person of another group in when asked by name", async () => {
    const { id_token } = await provider.signInAs("researcher", "grace");
    const claims = JSON.parse(Buffer.from(id_token.split(".")[1] ?? "", "base64url").toString());
    expect(claims).toMatchObject({ sub: "grace", groups: ["visitors"], aud: "researcher-app" });
  });

  it("asserts a person's identity for Lanyard where a server is named, and for nobody else's ID token", async () => {
    const at = { resource: "http://127.0.0.1:10/mcp", scope: "desk:read" };
    const reply = await fetch(`${provider.signIn}?${new URLSearchParams({ agent: "planner", ...at })}`);
    const tokens = (await reply.json()) as Record<string, string>;
    const keys = createRemoteJWKSet(new URL(`${provider.issuer}/jwks`));
    const typ = "oauth-id-jag+jwt";
    const { payload } = await jwtVerify(tokens.identity_assertion ?? "", keys, { issuer: provider.issuer, typ });
    expect(payload).toMatchObject({ aud: lanyardIssuer, client_id: "planner-at-lanyard", sub: "ada", ...at });
    const access = await jwtVerify(tokens.access_token ?? "", keys, { issuer: provider.issuer, typ: "at+jwt" });
    expect(access.payload).toMatchObject({ aud: at.resource, client_id: "planner-app", scope: at.scope });
    await expect(provider.assert("researcher", at, tokens as never)).rejects.toThrow("invalid_grant");
  });

  it("refuses an agent without an application and a person it does not know", async () => {
    expect((await fetch(`${provider.signIn}?agent=nobody`)).status).toBe(400);
    expect((await fetch(`${provider.signIn}?agent=planner&person=mallory`)).status).toBe(400);
    expect((await fetch(`${provider.signIn}?agent=planner`, { method: "POST" })).status).toBe(405);
  });

  it("threat 31: refuses another Host and a web page of another origin", async () => {
    const url = `${provider.signIn}?agent=planner`;
    const rebound = await get(url, { Host: "attacker.example" });
    expect(rebound.status).toBe(421);
    expect(rebound.body).not.toContain("id_token");
    const page = await get(url, { "Sec-Fetch-Site": "cross-site" });
    expect(page.status).toBe(403);
    expect(page.body).not.toContain("id_token");
  });

  it("refuses a code request without PKCE and a client that is not registered", async () => {
    const query = "redirect_uri=x&response_type=code&scope=openid";
    const noClient = await fetch(`${provider.issuer}/auth?client_id=stranger&${query}`, { redirect: "manual" });
    expect(noClient.status).toBe(400);
    const callback = encodeURIComponent(`${provider.issuer}/app/planner/callback`);
    const noPkce = await fetch(
      `${provider.issuer}/auth?client_id=planner-app&redirect_uri=${callback}&response_type=code&scope=openid`,
      { redirect: "manual" },
    );
    expect(noPkce.headers.get("location")).toContain("error=invalid_request");
  });

  it("is the same provider after a restart, its keys readable by their owner alone", async () => {
    const before = provider.issuer;
    const keys = (await get(`${before}/jwks`, {})).body;
    await provider.close();
    provider = await start();
    expect(provider.issuer).toBe(before);
    expect((await get(`${provider.issuer}/jwks`, {})).body).toBe(keys);
    expect(keys).toContain('"kid"');
    expect(keys).not.toContain('"d"');
    expect(statSync(join(folder, "provider.json")).mode & 0o777).toBe(0o600);
  });
});
