import { beforeEach, describe, expect, it } from "vitest";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { agentId, customers, tickets } from "../kit/registry.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { type Tokens, tokens } from "../kit/world/tokens.ts";
import { createWorld, type World } from "../kit/world/world.ts";

let world: World<Tokens>;
let planner: TestAgent;
beforeEach(async () => {
  world = await createWorld([], tokens);
  planner = await world.newAgent("planner");
});
type Params = Readonly<Record<string, string | readonly string[]>>;
const open = (more: Params) =>
  world.exchange(planner, world.idToken("planner-app"), idTokenType, { scope: "tickets:read", ...more });
const audienceOf = (token: unknown) => decodeUnverified(String(token))?.payload.aud;
const host = new URL(tickets).host;

describe("a resource in another spelling", () => {
  it.each([
    ["with the last slash that clients give an origin", new URL(tickets).href],
    ["with a host in capitals", `https://${host.toUpperCase()}`],
    ["with a scheme in capitals and the default port", `HTTPS://${host}:443/`],
    ["with dot segments", `${tickets}/a/..`],
  ])("%s is the registered one: so the token says, and the row", async (_what, resource) => {
    const { status, body } = await open({ resource });
    expect([status, audienceOf(body.access_token)]).toEqual([200, tickets]);
    expect([...world.store.sessions.values()].flatMap(({ grants }) => grants.map((g) => g.resource))).toEqual([
      tickets,
    ]);
    const more = { resource, scope: "tickets:read" };
    const again = await world.exchange(planner, String(body.access_token), accessTokenType, more);
    expect([again.status, audienceOf(again.body.access_token)]).toEqual([200, tickets]);
    const asAudience = await open({ audience: resource });
    expect([asAudience.status, audienceOf(asAudience.body.access_token)]).toEqual([200, tickets]);
  });

  it("counts once beside the registered one", async () => {
    expect((await open({ resource: [tickets, `${tickets}/`] })).status).toBe(200);
  });

  it.each([
    ["another path", `${tickets}/a`],
    ["two slashes", `${tickets}//`],
    ["another scheme", tickets.replace("https", "http")],
    ["another port", `${tickets}:444`],
    ["a query", `${tickets}/?a`],
    ["a fragment (RFC 8707 2)", `${tickets}/#a`],
    ["a user", tickets.replace("//", "//a@")],
    ["a trailing dot", `${tickets}.`],
    ["no scheme", host],
    ["a backslash", `${tickets}\\`],
    ["blanks", `${tickets} `],
    ["a prototype's name", "__proto__"],
  ])("is another with %s, and invalid_target", async (_what, resource) => {
    const { status, body } = await open({ resource });
    expect([status, body.error]).toEqual([400, "invalid_target"]);
  });
});

describe("audience (RFC 8693 2.1)", () => {
  it("may be sent more than once", async () => {
    expect((await open({ audience: [tickets, tickets] })).status).toBe(200);
    expect((await open({ audience: [tickets, `${tickets}/`], resource: tickets })).status).toBe(200);
    const { status, body } = await open({
      audience: [tickets, customers],
      scope: "tickets:read customers:read",
      requested_token_type: sessionTokenType,
    });
    expect([status, body.scope]).toEqual([200, "tickets:read customers:read"]);
  });

  it.each<[string, Params]>([
    ["two resources, for one access token", { audience: [tickets, customers], scope: "tickets:read customers:read" }],
    ["one known and one unknown", { audience: [tickets, "https://elsewhere.example"] }],
    ["more than a request may name", { audience: Array.from({ length: 40 }, (_, i) => `https://r${i}.example`) }],
  ])("is invalid_target for %s", async (_what, more) => {
    const { status, body } = await open(more);
    expect([status, body.error]).toEqual([400, "invalid_target"]);
  });

  it("of an offer is one agent; named twice it is the same, two are invalid_target", async () => {
    const session = (await open({ resource: tickets, requested_token_type: sessionTokenType })).body.access_token;
    const offer = (audience: readonly string[]) =>
      world.exchange(planner, String(session), sessionTokenType, {
        audience,
        resource: tickets,
        scope: "tickets:read",
        requested_token_type: offerTokenType,
      });
    const researcher = agentId("researcher");
    expect((await offer([researcher, researcher])).status).toBe(200);
    for (const two of [
      [researcher, agentId("triage")],
      [researcher, tickets],
    ]) {
      const { status, body } = await offer(two);
      expect([status, body.error]).toEqual([400, "invalid_target"]);
    }
  });
});

describe("scope (RFC 6749 3.3)", () => {
  it.each(["tickets:read  tickets:read ", " tickets:read", "tickets:read tickets:read"])(
    "%j is read past blanks too many and names twice",
    async (scope) => {
      const { status, body } = await open({ resource: tickets, scope });
      expect([status, body.scope]).toEqual([200, "tickets:read"]);
    },
  );

  it.each(["tickets:read\ttickets:write", "tickets:read,tickets:write", "tickets:read\ntickets:write"])(
    "%j is invalid_scope: a blank separates, nothing else, and the answer says so",
    async (scope) => {
      const { status, body } = await open({ resource: tickets, scope });
      expect([status, body.error]).toEqual([400, "invalid_scope"]);
      expect(body.error_description).toContain("separated by blanks");
    },
  );

  it.each(["", " ", "   "])("%j alone names none", async (scope) => {
    expect((await open({ resource: tickets, scope })).body.error).toBe("invalid_scope");
  });

  it("is sent once", async () => {
    const { status, body } = await open({ resource: tickets, scope: ["tickets:read", "tickets:write"] });
    expect([status, body.error]).toEqual([400, "invalid_request"]);
  });
});
