import { beforeEach, describe, expect, it, test } from "vitest";
import type { Registration } from "../../../core/model/registry.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agentId, customers, idp, inBase, otherIdp, tickets } from "../../kit/registry.ts";
import { testKey } from "../../kit/wire/key.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { issuer } from "../../kit/world/ground.ts";
import type { Params } from "../../kit/world/tokens.ts";
import { claimsOf, planner, refusal, setUp, sidOf, world } from "./ground.ts";

setUp();

const host = "mcp-host";
const forCustomers = { resource: customers, scope: "customers:read" };
const accepting = { ...inBase("agent", "ticket-api"), acceptsTokensOf: [{ issuer: idp, clients: [host] }] };
const mapping = inBase("entailment", "tickets-show-customers");
let ticketApi: TestAgent;

/** A person's access token for the ticket API, by the customer's own provider, issued to an MCP host. */
const hostToken = (claims: object = {}, header: object = {}, key = world.idpKey) =>
  key.jws(
    { alg: "ES256", kid: "k1", typ: "at+jwt", ...header },
    {
      iss: idp,
      sub: "ada",
      aud: tickets,
      client_id: host,
      scope: "tickets:read",
      jti: "t-1",
      iat: world.time.seconds,
      exp: world.time.seconds + 600,
      auth_time: world.time.seconds,
      groups: ["support"],
      ...claims,
    },
  );
const show = (token: string, more: Params = {}, by = ticketApi) =>
  world.exchange(by, token, accessTokenType, { ...forCustomers, ...more });
const outcome = async (token: string, more: Params = {}, by = ticketApi) => {
  const { status, body } = await show(token, more, by);
  return [status, body.error, refusal().code];
};
const publish = (version: number, ...rows: Registration[]) => world.publish(version, accepting, ...rows);

beforeEach(async () => {
  publish(2);
  ticketApi = await world.newAgent("ticket-api");
});

describe("a person's token of an ordinary MCP host, for what the agent serves", () => {
  it("lets the agent go on for the person, as far as its scope mappings lead", async () => {
    const { status, body } = await show(hostToken());
    expect([status, body.scope]).toEqual([200, "customers:read"]);
    const claims = claimsOf(body.access_token);
    expect(claims).toMatchObject({ aud: customers, client_id: ticketApi.id, act: { sub: ticketApi.id }, depth: 0 });
    const other = await world.exchange(planner, world.idToken("planner-app"), idTokenType, forCustomers);
    expect(claims.sub).toBe(claimsOf(other.body.access_token).sub);
  });

  it("may be spelled with a last slash, and be asked a session of, which is offered on", async () => {
    const session = await show(hostToken({ aud: `${tickets}/` }), { requested_token_type: sessionTokenType });
    expect(session.status).toBe(200);
    const offer = { requested_token_type: offerTokenType, audience: agentId("researcher"), ...forCustomers };
    expect((await world.exchange(ticketApi, session.body.access_token, sessionTokenType, offer)).status).toBe(200);
  });

  it("threat 7: gives nothing that no mapping gives, of its scopes and details alike", async () => {
    expect(await outcome(hostToken(), { scope: "customers:notes" })).toEqual([400, "invalid_scope", "scope_exceeds"]);
    expect(await outcome(hostToken({ scope: "tickets:write" }))).toEqual([400, "invalid_scope", "scope_exceeds"]);
    expect(await outcome(hostToken({ scope: undefined }))).toEqual([400, "invalid_scope", "scope_exceeds"]);
    const queue = [{ type: "ticket-queue", queue: ["a"] }];
    expect((await show(hostToken({ authorization_details: queue }))).body.error).toBe("invalid_authorization_details");
    const carried = await show(hostToken({ authorization_details: [{ type: "ticket-customer", customers: ["a"] }] }));
    expect(carried.body.authorization_details).toEqual([{ type: "customer-record", customers: ["a"] }]);
  });

  it("threat 35: ends with the token, unless a mapping grants a life of its own", async () => {
    await show(hostToken({ exp: world.time.seconds + 200 }));
    const endOf = () => ([...world.store.sessions.values()].at(-1)?.expiresAtSeconds ?? 0) - world.time.seconds;
    expect(endOf()).toBe(200);
    expect((await show(hostToken(), { lifetime_seconds: "800" })).body.error).toBe("invalid_request");
    publish(3, { ...mapping, lifetimeSeconds: 3_600 });
    await show(hostToken({ exp: world.time.seconds + 200 }));
    expect(endOf()).toBe(900);
  });

  it("threat 33: is judged by the mapping as it stands, at every later request", async () => {
    const session = await show(hostToken(), { requested_token_type: sessionTokenType });
    const again = () => world.exchange(ticketApi, session.body.access_token, sessionTokenType, forCustomers);
    expect((await again()).status).toBe(200);
    publish(3, { ...mapping, from: { resource: tickets, scope: "tickets:write" } });
    expect((await again()).body.error).toBe("invalid_scope");
  });

  it("lends only what the person lends", async () => {
    expect(await outcome(hostToken({ groups: ["visitors"] }))).toEqual([400, "invalid_scope", "scope_exceeds"]);
  });
});

describe("threat 2: such a token opens nothing", () => {
  test.each<[string, object, string]>([
    ["of another client", { client_id: "another-host" }, "person_token_foreign_client"],
    ["of the agent's own application", { client_id: "planner-app" }, "person_token_foreign_client"],
    ["whose azp and client_id differ", { azp: "another-host" }, "subject_token_invalid"],
    ["without a client", { client_id: undefined }, "subject_token_invalid"],
    ["of the client itself, for nobody", { sub: host }, "subject_token_invalid"],
    ["that is bound to a key nobody proved", { cnf: { jkt: "A".repeat(43) } }, "subject_token_invalid"],
    ["for another's resource", { aud: customers }, "subject_token_invalid"],
    ["for two resources", { aud: [tickets, customers] }, "subject_token_invalid"],
    ["for somebody else", { aud: "https://elsewhere.example" }, "subject_token_invalid"],
    ["for Lanyard, which is no host's", { aud: issuer }, "person_token_foreign_client"],
    ["that has expired", { exp: 1_785_542_400 - 100, iat: 1_785_542_400 - 200 }, "subject_token_expired"],
  ])("%s", async (_, claims, code) => {
    expect(await outcome(hostToken(claims))).toEqual([400, "invalid_request", code]);
    expect(world.store.sessions.size).toBe(0);
  });

  it("of another kind, another key, or another issuer with the same client", async () => {
    expect((await outcome(hostToken({}, { typ: "JWT" })))[2]).toBe("subject_token_invalid");
    expect((await outcome(hostToken({}, {}, await testKey())))[2]).toBe("subject_token_invalid");
    const partners = await testKey();
    world.web.issuer(otherIdp, [{ ...partners.jwk, kid: "k1", alg: "ES256" }]);
    expect((await outcome(hostToken({ iss: otherIdp }, {}, partners)))[2]).toBe("person_token_foreign_client");
  });

  it("to an agent that does not say so, or does not serve that resource", async () => {
    world.publish(3);
    expect((await outcome(hostToken()))[2]).toBe("subject_token_invalid");
    const both = { ...inBase("agent", "customer-api"), acceptsTokensOf: accepting.acceptsTokensOf };
    publish(4, both);
    expect((await outcome(hostToken(), {}, await world.newAgent("customer-api")))[2]).toBe("subject_token_invalid");
    expect((await outcome(hostToken(), {}, planner))[2]).toBe("subject_token_invalid");
  });

  it("as an ID token, however it is called", async () => {
    expect((await world.exchange(ticketApi, hostToken(), idTokenType, forCustomers)).body.error).toBe(
      "invalid_request",
    );
  });

  it("threat 32: once its login was revoked here, whatever its name", async () => {
    const { body } = await show(hostToken());
    await world.order({ revoke: { session: sidOf(body.access_token) }, reason: "it misbehaves" });
    expect((await outcome(hostToken({ jti: "t-2" })))[2]).toBe("person_token_burnt");
  });
});
