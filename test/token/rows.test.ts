import { beforeEach, describe, expect, it } from "vitest";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { agentId, customers, idp, inBase, tickets } from "../kit/registry.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { issuer, startSeconds } from "../kit/world/ground.ts";
import { type Tokens, tokens } from "../kit/world/tokens.ts";
import { createWorld, type World } from "../kit/world/world.ts";

let world: World<Tokens>;
let planner: TestAgent;
let researcher: TestAgent;
beforeEach(async () => {
  world = await createWorld([], tokens);
  [planner, researcher] = await Promise.all([world.newAgent("planner"), world.newAgent("researcher")]);
});

const claims = (token: string) => decodeUnverified(token)?.payload as Record<string, unknown>;
const both = {
  resource: [tickets, customers],
  scope: "tickets:read customers:read",
  requested_token_type: sessionTokenType,
};

/** The planner's session for ada over both resources. */
const openForAda = async () =>
  (await world.exchange(planner, world.idToken("planner-app"), idTokenType, both)).body.access_token as string;
const offerTo = async (session: string, to: string, scope = "tickets:read", more: Record<string, string> = {}) =>
  world.exchange(planner, session, sessionTokenType, {
    audience: to,
    requested_token_type: offerTokenType,
    resource: scope.startsWith("tickets") ? tickets : customers,
    scope,
    ...more,
  });

describe("every row of the table", () => {
  it("opens a session on the agent's own for what its registration lends", async () => {
    const { status, body } = await world.send("token", researcher, {
      grant_type: "client_credentials",
      resource: tickets,
      scope: "tickets:read",
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      token_type: "DPoP",
      issued_token_type: accessTokenType,
      scope: "tickets:read",
      expires_in: 300,
    });
    const token = claims(body.access_token);
    expect(token).toMatchObject({
      iss: issuer,
      sub: researcher.id,
      client_id: researcher.id,
      aud: tickets,
      depth: 0,
      assurance: "fresh",
      anc: [],
    });
    expect(token.act).toBeUndefined();
    expect(token.sid).toBe(token.root);
    expect(token.cnf).toEqual({ jkt: researcher.key.jkt });
    expect(String(token.sid)).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it("opens a session for a person over two resources as a session token that is for Lanyard alone", async () => {
    const { status, body } = await world.exchange(planner, world.idToken("planner-app"), idTokenType, both);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: "N_A", issued_token_type: sessionTokenType, expires_in: 900 });
    const token = claims(body.access_token);
    expect(token).toMatchObject({ aud: issuer, act: { sub: planner.id }, depth: 0 });
    expect(token.sub).toMatch(/^p_[a-z2-7]{32}$/);
    expect(JSON.stringify(token)).not.toContain("ada");
    expect(token.scope).toBeUndefined();
  });

  it("answers one resource with its access token, bound to the key, with a status entry under the issuer", async () => {
    const session = await openForAda();
    const { status, body } = await world.exchange(planner, session, sessionTokenType, { resource: customers });
    expect(status).toBe(200);
    expect(claims(body.access_token)).toMatchObject({
      aud: customers,
      scope: "customers:read",
      cnf: { jkt: planner.key.jkt },
    });
    const status_list = (claims(body.access_token).status as { status_list: { uri: string } }).status_list;
    expect(status_list.uri.startsWith(`${issuer}/status/`)).toBe(true);
    expect(world.store.sessions.size).toBe(1);
  });

  it("offers one scope to one agent, which redeems it into a child that ends with its parent at the latest", async () => {
    const offer = await offerTo(await openForAda(), researcher.id);
    expect(offer.body).toMatchObject({
      token_type: "N_A",
      issued_token_type: offerTokenType,
      expires_in: 120,
      scope: "tickets:read",
    });
    const child = await world.exchange(researcher, offer.body.access_token, offerTokenType, {});
    expect(child.status).toBe(200);
    expect(claims(child.body.access_token)).toMatchObject({
      client_id: researcher.id,
      act: { sub: researcher.id, act: { sub: planner.id } },
      depth: 1,
      anc: [],
      scope: "tickets:read",
    });
    const rows = [...world.store.sessions.values()];
    expect(rows.map((s) => s.depth)).toEqual([0, 1]);
    expect((rows[1]?.expiresAtSeconds ?? 0) <= (rows[0]?.expiresAtSeconds ?? 0)).toBe(true);
  });

  it("gives the serving agent a child session at the next hop, by what the presented token entails", async () => {
    const session = await openForAda();
    const access = await world.exchange(planner, session, sessionTokenType, { resource: tickets });
    const server = await world.newAgent("ticket-api");
    const hop = await world.exchange(server, access.body.access_token, accessTokenType, {
      resource: customers,
      scope: "customers:read",
    });
    expect(hop.status).toBe(200);
    expect(claims(hop.body.access_token)).toMatchObject({
      aud: customers,
      client_id: server.id,
      depth: 1,
      act: { sub: server.id, act: { sub: planner.id } },
    });
  });

  it("gives the same agent and key asking again for a redeemed offer the same session", async () => {
    const offer = await offerTo(await openForAda(), researcher.id);
    const first = await world.exchange(researcher, offer.body.access_token, offerTokenType, {});
    const again = await world.exchange(researcher, offer.body.access_token, offerTokenType, {});
    expect(again.status).toBe(200);
    expect(claims(again.body.access_token).sid).toBe(claims(first.body.access_token).sid);
    expect(world.store.sessions.size).toBe(2);
  });

  it("threat 27: an offer redeemed again is no way round a registration that was narrowed since", async () => {
    const offer = await offerTo(await openForAda(), researcher.id);
    const again = () => world.exchange(researcher, offer.body.access_token, offerTokenType, {});
    const session = await world.exchange(researcher, offer.body.access_token, offerTokenType, {
      requested_token_type: sessionTokenType,
    });
    const registered = inBase("agent", "researcher");
    world.publish(2, { ...registered, may: [] });
    const access = await world.exchange(researcher, session.body.access_token, sessionTokenType, { resource: tickets });
    for (const answer of [access, await again()])
      expect([answer.status, answer.body.error]).toEqual([400, "invalid_scope"]);
  });

  it("lets two equal redemptions at one instant meet in one session", async () => {
    const offer = await offerTo(await openForAda(), researcher.id);
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => world.exchange(researcher, offer.body.access_token, offerTokenType, {})),
    );
    expect(answers.map((a) => a.status)).toEqual([200, 200, 200, 200]);
    expect(new Set(answers.map((a) => claims(a.body.access_token).sid)).size).toBe(1);
    expect(world.store.sessions.size).toBe(2);
  });

  it("keeps the principal through every hop and adds exactly one actor each", async () => {
    const session = await openForAda();
    const offer = await offerTo(session, researcher.id);
    const child = await world.exchange(researcher, offer.body.access_token, offerTokenType, {});
    const server = await world.newAgent("ticket-api");
    const hop = await world.exchange(server, child.body.access_token, accessTokenType, {
      resource: customers,
      scope: "customers:read",
    });
    const token = claims(hop.body.access_token);
    expect(token.sub).toBe(claims(session).sub);
    expect(token).toMatchObject({ depth: 2, anc: [claims(child.body.access_token).sid], root: claims(session).root });
  });

  it("writes one record with every grant, and none of them carries a token", async () => {
    const session = await openForAda();
    const offer = await offerTo(session, researcher.id);
    await world.exchange(researcher, offer.body.access_token, offerTokenType, {});
    const bodies = world.store.records.map((r) => r.body);
    expect(bodies.map((b) => JSON.parse(b).unmapped.lanyard.operation)).toEqual([
      "session.open",
      "session.offer",
      "session.redeem",
    ]);
    expect(bodies.join()).not.toMatch(/eyJ[A-Za-z0-9_-]{10,}\.|lyo_/);
  });

  it("carries a person's detail to the access token and the answer, and down to the child", async () => {
    const detail = [{ type: "customer-record", customers: ["42"] }];
    const opened = await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
      ...both,
      authorization_details: JSON.stringify(detail),
    });
    expect(opened.body.authorization_details).toEqual(detail);
    const offer = await offerTo(opened.body.access_token, researcher.id, "customers:read");
    const child = await world.exchange(researcher, offer.body.access_token, offerTokenType, {});
    expect(claims(child.body.access_token).authorization_details).toEqual(detail);
  });

  it("records what the session was issued under, and nothing of the person but an opaque id", async () => {
    await openForAda();
    const [row] = [...world.store.sessions.values()];
    expect(row?.epochs).toEqual({
      deployment: 0,
      [`agent:${agentId("planner")}`]: 0,
      [`principal:${row?.principal.id}`]: 0,
      [String(row?.login?.at)]: 0,
    });
    expect(row?.createdAtSeconds).toBe(startSeconds);
    expect(JSON.stringify(row)).not.toContain("ada");
  });

  it("tells the raw pair to the resource whose registration asks for it, and to no other", async () => {
    const scopes = ["customers:read", "customers:notes"];
    const asking = { kind: "resource", name: "customers", uri: customers, servedBy: "customer-api", scopes } as const;
    world.publish(2, { ...asking, subjectIdentifier: "iss_sub" });
    const session = await openForAda();
    const at = async (resource: string) =>
      claims((await world.exchange(planner, session, sessionTokenType, { resource })).body.access_token);
    expect((await at(customers)).sub_id).toEqual({ format: "iss_sub", iss: idp, sub: "ada" });
    expect((await at(customers)).sub).toMatch(/^p_[a-z2-7]{32}$/);
    expect(JSON.stringify(await at(tickets))).not.toContain("ada");
  });
});
