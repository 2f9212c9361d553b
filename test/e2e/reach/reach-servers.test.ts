/** The example of an authorizer before an HTTP API, and of middy beside it, deployed as its README says. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { type AgentSession, createAgent } from "../../../client/index.ts";
import { tickets } from "../../../local/demo/story/desk.ts";
import { raiseWorld, type World } from "../../../local/demo/story/world.ts";
import { readAssembly } from "../../../local/emulator/cloudformation/assembly.ts";
import { freeRow } from "../../kit/ports.ts";
import { localStage } from "../../kit/stage.ts";
import { dpopProof, testKey } from "../../kit/wire/key.ts";
import { synthesizeExample } from "./servers-app.ts";

const folder = mkdtempSync(join(tmpdir(), "lanyard-reach-servers-"));
let world: World;
let origin: string;
let planner: ReturnType<typeof createAgent>;
let session: AgentSession;
const key = await testKey();

beforeAll(async () => {
  const { region, account } = localStage();
  const domain = `127.0.0.1:${await freeRow(1)}`;
  origin = `http://${domain}`;
  const context = {
    ...{ stage: "local", domain, resource: tickets, servedAt: origin },
    certificate: `arn:aws:acm:${region}:${account}:certificate/local`,
  };
  const assembly = await synthesizeExample({ folder, account, region, context });
  world = await raiseWorld({ memory: true, beside: readAssembly(assembly), onProgress: () => undefined });
  const { id, credentials } = world.endpoints.agents.planner ?? { id: "", credentials: undefined };
  if (!credentials) throw new Error("no planner");
  const evidence = awsStsWebIdentity({ ...world.endpoints.aws, credentials: { ...credentials } });
  planner = createAgent({
    ...{ issuer: world.endpoints.issuer, agent: id, evidence, key: key.pair },
    servedAt: { [tickets]: origin },
  });
  session = await open(["tickets:read"]);
});
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(scopes: readonly string[], more: object = {}): Promise<AgentSession> {
  const { id_token: idToken } = await world.provider.signInAs("planner");
  return planner.open({ onBehalfOf: { idToken }, grants: [{ resource: tickets, scopes, ...more }] });
}

/** The token that the session shows there, with a proof by its key. */
async function credentials(
  path: string,
  more: { method?: string; url?: string; nonce?: string; by?: typeof key } = {},
) {
  const { token } = await session.accessToken(tickets);
  const { method = "GET", url = origin + path, nonce, by = key } = more;
  const dpop = dpopProof(by, { method, url, accessToken: token, ...(nonce === undefined ? {} : { nonce }) });
  return { authorization: `DPoP ${token}`, dpop };
}
const ask = async (path: string, headers: Record<string, string>, method = "GET") => {
  const answer = await fetch(origin + path, { method, headers });
  return {
    status: answer.status,
    headers: answer.headers,
    body: (await answer.json().catch(() => undefined)) as unknown,
  };
};

describe("an authorizer before an HTTP API", () => {
  it("lets a session's own call in, and the integration is told who calls", async () => {
    const answer = await session.fetch(`${origin}/tickets?page=1`, { resource: tickets });
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { for: session.principal, by: session.agent, session: session.sid },
    ]);
  });

  it("refuses a proof that comes again: no result is kept", async () => {
    const headers = await credentials("/tickets");
    expect((await ask("/tickets", headers)).status).toBe(200);
    for (const _ of [1, 2]) expect((await ask("/tickets", headers)).status).toBe(403);
  });

  it("refuses who copied the token without its key, or has a proof for elsewhere, whatever the headers claim", async () => {
    const { authorization } = await credentials("/tickets");
    expect((await ask("/tickets", { authorization })).status).toBe(403);
    expect((await ask("/tickets", await credentials("/tickets", { by: await testKey() }))).status).toBe(403);
    const lies = { "x-forwarded-host": "evil.example", forwarded: "host=evil.example;proto=https" };
    for (const url of ["https://evil.example/tickets", `${tickets}/tickets`, `${origin}/mine`]) {
      const headers = { ...(await credentials("/tickets", { url })), ...lies };
      expect((await ask("/tickets", headers)).status, url).toBe(403);
    }
    expect((await ask("/tickets", {})).status).toBe(401);
  });

  it("asks by the method for another scope", async () => {
    expect((await ask("/tickets", await credentials("/tickets", { method: "POST" }), "POST")).status).toBe(403);
    const writer = await open(["tickets:read", "tickets:write"]);
    expect((await writer.fetch(`${origin}/tickets`, { method: "POST", resource: tickets })).status).toBe(200);
  });

  it("threat 40: refuses a token that details restrict, since it sees no body", async () => {
    const details = [{ type: "ticket-customers", customers: ["C-1"] }];
    const held = await open(["tickets:read"], { details });
    expect((await held.fetch(`${origin}/tickets`, { resource: tickets })).status).toBe(403);
    expect((await held.fetch(`${origin}/mine`, { resource: tickets })).status).toBe(403);
  });
});

describe("middy in the function itself", () => {
  it("demands a nonce, which the client brings by itself", async () => {
    const bare = await ask("/mine", await credentials("/mine"));
    expect([bare.status, bare.headers.get("www-authenticate")]).toEqual([
      401,
      expect.stringContaining("use_dpop_nonce"),
    ]);
    const nonce = bare.headers.get("dpop-nonce") ?? "";
    expect(await ask("/mine", await credentials("/mine", { nonce }))).toMatchObject({
      status: 200,
      body: { for: session.principal },
    });
    expect((await session.fetch(`${origin}/mine`, { resource: tickets })).status).toBe(200);
  });

  it("answers whoever brings nothing with the way to a token", async () => {
    const { status, headers } = await ask("/mine", {});
    expect([status, headers.get("www-authenticate")]).toEqual([401, expect.stringContaining("resource_metadata=")]);
  });
});

it("a session that is over is refused by both within the life of a list", async () => {
  const short = await open(["tickets:read"]);
  for (const path of ["/tickets", "/mine"])
    expect((await short.fetch(origin + path, { resource: tickets })).status, path).toBe(200);
  const { token } = await short.accessToken(tickets);
  await short.end();
  const after = (path: string) => {
    const url = origin + path;
    return async () => {
      const dpop = (nonce?: string) =>
        dpopProof(key, { method: "GET", url, accessToken: token, ...(nonce === undefined ? {} : { nonce }) });
      const first = await ask(path, { authorization: `DPoP ${token}`, dpop: dpop() });
      const nonce = first.headers.get("dpop-nonce");
      if (nonce === null) return first.status;
      return (await ask(path, { authorization: `DPoP ${token}`, dpop: dpop(nonce) })).status;
    };
  };
  await expect.poll(after("/tickets")).toBe(403);
  await expect.poll(after("/mine")).toBe(401);
});
