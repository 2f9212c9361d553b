import { beforeEach, describe, expect, it } from "vitest";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { limits } from "../../core/model/limits.ts";
import type { ResourceRegistration } from "../../core/model/resource-registration.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { agentId, customers, tickets } from "../kit/registry.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { type Tokens, tokens } from "../kit/world/tokens.ts";
import { createWorld, type World } from "../kit/world/world.ts";

/** The ticket API, as one that cannot check proofs. */
const unable = (more: Partial<ResourceRegistration> = {}): ResourceRegistration => ({
  kind: "resource",
  name: "tickets",
  uri: tickets,
  servedBy: "ticket-api",
  scopes: ["tickets:read", "tickets:write"],
  senderConstraint: "none",
  ...more,
});
const forTickets = { resource: tickets, scope: "tickets:read" };

let world: World<Tokens>;
let planner: TestAgent;
let ticketApi: TestAgent;

const begin = async (stageAllows: boolean, resource = unable()) => {
  world = await createWorld([resource], tokens);
  Object.assign(world.deps, { bearerTokens: stageAllows });
  [planner, ticketApi] = [await world.newAgent("planner"), await world.newAgent("ticket-api")];
};
const open = (more = {}) =>
  world.exchange(planner, world.idToken("planner-app"), idTokenType, { ...forTickets, ...more });
const claims = (token: string) => decodeUnverified(token)?.payload as Record<string, unknown>;
const lastRecord = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard;

describe("a bearer access token", () => {
  beforeEach(() => begin(true));

  it("is issued where registration and stage allow it, names no key, lives two minutes at most, and the audit says so", async () => {
    const { status, body } = await open();
    expect([status, body.token_type, body.expires_in]).toEqual([200, "Bearer", limits.bearerTokenLifeSeconds]);
    expect(claims(body.access_token)).not.toHaveProperty("cnf");
    expect(claims(body.access_token)).toMatchObject({ aud: tickets, scope: "tickets:read", client_id: planner.id });
    expect(lastRecord()).toMatchObject({ outcome: "allowed", token_type: "Bearer" });
  });

  it("lives no longer because its resource says so, but shorter", async () => {
    await begin(true, unable({ accessTokenLifeSeconds: 3_600 }));
    expect((await open()).body.expires_in).toBe(limits.bearerTokenLifeSeconds);
    await begin(true, unable({ accessTokenLifeSeconds: 30 }));
    expect((await open()).body.expires_in).toBe(30);
  });

  it("does not make other tokens bearer: of another resource, of the session, of an offer", async () => {
    const other = await open({ resource: customers, scope: "customers:read" });
    expect(other.body.token_type).toBe("DPoP");
    expect(claims(other.body.access_token).cnf).toEqual({ jkt: planner.key.jkt });
    const session = await open({ requested_token_type: sessionTokenType });
    expect(session.body.token_type).toBe("N_A");
    expect(claims(session.body.access_token).cnf).toEqual({ jkt: planner.key.jkt });
  });

  it("is introspected as what it is, and dies with its session like any other", async () => {
    const { access_token: token } = (await open()).body;
    const active = await world.send("introspect", ticketApi, { token });
    expect(active.body).toMatchObject({ active: true, token_type: "Bearer", aud: tickets });
    expect(active.body).not.toHaveProperty("cnf");
    expect((await world.send("revoke", planner, { token })).status).toBe(200);
    expect((await world.send("introspect", ticketApi, { token })).body).toEqual({ active: false });
  });

  it("threat 9: is worth nothing here to another key of the very same agent", async () => {
    const { access_token: token } = (await open()).body;
    const thief = await world.newAgent("planner");
    for (const more of [
      forTickets,
      { requested_token_type: offerTokenType, audience: agentId("researcher"), ...forTickets },
    ]) {
      const stolen = await world.exchange(thief, token, accessTokenType, more);
      expect([stolen.status, stolen.body.error]).toEqual([400, "invalid_dpop_proof"]);
      expect(lastRecord().denial).toEqual({ code: "dpop_key_mismatch", boundTo: "subject_token" });
    }
    const own = await world.exchange(planner, token, accessTokenType, forTickets);
    expect(own.status).toBe(200);
  });

  it("opens no next hop: whoever presented it proved nothing", async () => {
    const { access_token: token } = (await open()).body;
    const hop = await world.exchange(ticketApi, token, accessTokenType, {
      resource: customers,
      scope: "customers:read",
    });
    expect([hop.status, hop.body.error]).toEqual([400, "invalid_request"]);
    expect(lastRecord().denial).toEqual({ code: "subject_token_unbound" });
  });

  it("is not a session token, nor one with its key cut out", async () => {
    const session = (await open({ requested_token_type: sessionTokenType })).body.access_token;
    const { cnf: _, ...unbound } = claims(session);
    const forged = world.sessionKey.jws(
      { alg: "ES256", kid: world.sessionKey.jkt, typ: "lanyard-session+jwt" },
      unbound,
    );
    const answer = await world.exchange(planner, forged, sessionTokenType, forTickets);
    expect([answer.status, lastRecord().denial.code]).toEqual([400, "subject_token_invalid"]);
  });

  it.each([{}, { jkt: 7 }, { jkt: ["x"] }, "x", null])("with cnf %j is nobody's token", async (cnf) => {
    const token = claims((await open()).body.access_token);
    const forged = world.sessionKey.jws({ alg: "ES256", kid: world.sessionKey.jkt, typ: "at+jwt" }, { ...token, cnf });
    expect((await world.send("introspect", ticketApi, { token: forged })).body).toEqual({ active: false });
  });
});

describe("without the stage's word", () => {
  beforeEach(() => begin(false));

  it("nothing is issued, stored or signed for such a resource, least of all a bound token to be taken as bearer", async () => {
    const before = [world.store.sessions.size, world.signers.session.signatures];
    const { status, body } = await open();
    expect([status, body.error]).toEqual([400, "invalid_target"]);
    expect([world.store.sessions.size, world.signers.session.signatures]).toEqual(before);
    expect(lastRecord().denial).toEqual({ code: "bearer_not_allowed", resource: tickets });
  });

  it("all other resources stay as they were", async () => {
    const { body } = await open({ resource: customers, scope: "customers:read" });
    expect(body.token_type).toBe("DPoP");
  });
});
