import { beforeEach, describe, expect, it } from "vitest";
import { spiffeAssertionType } from "../../core/model/wire.ts";
import { tickets } from "../kit/registry.ts";
import { dpopProof } from "../kit/wire/key.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { type Tokens, tokens } from "../kit/world/tokens.ts";
import { createWorld, type World } from "../kit/world/world.ts";

type Where = "token" | "introspect" | "revoke";
let world: World<Tokens>;
let agent: TestAgent;
beforeEach(async () => {
  world = await createWorld([], tokens);
  agent = await world.newAgent("ticket-api");
});

/** One form a place that asks for what the agent could have. */
const forms: Readonly<Record<Where, Readonly<Record<string, string>>>> = {
  token: { grant_type: "client_credentials", resource: tickets, scope: "tickets:read" },
  introspect: { token: "x" },
  revoke: { token: "x" },
};
const send = (where: Where, more: Record<string, string | undefined>, authorizationScheme?: string) =>
  world.send(where, agent, { ...forms[where], ...more }, authorizationScheme ? { call: { authorizationScheme } } : {});
const raw = async (where: Where, body: string, more = {}) => world.endpoints[where](world.call(body, [], more));

describe.each<Where>(["token", "introspect", "revoke"])("at %s, a client that is not authenticated", (where) => {
  it.each([
    ["sends no assertion", { client_assertion: undefined }],
    ["sends an empty assertion", { client_assertion: "" }],
    ["sends no assertion type", { client_assertion_type: undefined }],
    ["sends neither", { client_assertion: undefined, client_assertion_type: undefined }],
    [
      "sends another assertion type",
      { client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" },
    ],
    ["sends the type in another case", { client_assertion_type: spiffeAssertionType.toUpperCase() }],
    ["sends a secret instead", { client_assertion: undefined, client_id: "x", client_secret: "y" }],
    ["sends garbage", { client_assertion: "x" }],
    ["names another client", { client_id: "spiffe://agents.example.com/agent/other" }],
  ])("and %s is answered invalid_client by 401 (RFC 6749 5.2)", async (_what, more) => {
    const { status, body } = await send(where, more);
    expect([status, body.error]).toEqual([401, "invalid_client"]);
    expect(world.store.sessions.size).toBe(0);
  });

  it("hears so whatever else is wrong with its request", async () => {
    for (const body of ["", "grant_type=unheard-of", "token=&scope=a"]) {
      const reply = await raw(where, body);
      expect([reply.status, JSON.parse(reply.body).error]).toEqual([401, "invalid_client"]);
    }
  });

  it.each(["Basic", "Bearer", "Negotiate"])(
    "and tried by the header is challenged in its scheme, %s",
    async (scheme) => {
      const reply = await raw(where, new URLSearchParams(forms[where]).toString(), { authorizationScheme: scheme });
      expect([reply.status, JSON.parse(reply.body).error]).toEqual([401, "invalid_client"]);
      expect(reply.headers).toMatchObject({ "WWW-Authenticate": `${scheme} realm="lanyard"` });
    },
  );

  it("and tried none by the header gets no challenge: there is no scheme to recommend", async () => {
    expect((await raw(where, "")).headers ?? {}).not.toHaveProperty("WWW-Authenticate");
  });

  it("is told to use one method, when it uses two (RFC 6749 2.3)", async () => {
    for (const reply of [await send(where, {}, "Basic"), await send(where, { client_secret: "y" })])
      expect([reply.status, reply.body.error]).toEqual([400, "invalid_request"]);
  });

  it("has sent no form, and hears that by 400", async () => {
    for (const contentType of ["application/json", "text/plain", "multipart/form-data; boundary=x", undefined]) {
      const reply = await raw(where, JSON.stringify(forms[where]), { contentType });
      expect([reply.status, JSON.parse(reply.body).error]).toEqual([400, "invalid_request"]);
    }
  });

  it("is known whatever parameters and case its form's content type has", async () => {
    const type = { contentType: "Application/X-WWW-Form-URLEncoded ; charset=UTF-8" };
    const { body } = await world.send(where, agent, forms[where], { call: type });
    expect(body.error).not.toBe("invalid_client");
    expect(body.error_description ?? "").not.toContain("send parameters");
  });
});

it("a proof by a stranger's key is refused as a proof", async () => {
  const stranger = await world.newAgent("planner");
  const proof = dpopProof(stranger.key, { url: world.call("", []).url, atSeconds: world.time.seconds });
  const { status, body } = await world.send("token", agent, forms.token, { proof });
  expect([status, body.error]).toEqual([400, "invalid_dpop_proof"]);
});
