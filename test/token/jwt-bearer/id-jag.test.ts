import { describe, expect, it, test } from "vitest";
import { idTokenType, jwtBearerGrant, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agentId, customers, tickets } from "../../kit/registry.ts";
import { testKey } from "../../kit/wire/key.ts";
import { issuer } from "../../kit/world/ground.ts";
import {
  alias,
  claimsOf,
  forTickets,
  idJag,
  outcome,
  planner,
  plannerId,
  plannerRow,
  platform,
  post,
  refusedBy,
  setUp,
  show,
  told,
  triage,
  world,
} from "./ground.ts";

setUp();

describe("an identity assertion", () => {
  it("opens the person's authority for the agent that its issuer names, as an ID token would", async () => {
    const { status, body } = await show(idJag());
    expect([status, body.token_type, body.scope]).toEqual([200, "DPoP", "tickets:read tickets:write"]);
    expect(body).not.toHaveProperty("refresh_token");
    const byIdToken = await world.exchange(planner, world.idToken("planner-app"), idTokenType, forTickets);
    const [one, other] = [claimsOf(body.access_token), claimsOf(byIdToken.body.access_token)];
    expect(one.sub).toBe(other.sub);
    expect(one).toMatchObject({
      client_id: plannerId,
      aud: tickets,
      act: { sub: plannerId },
      cnf: { jkt: planner.key.jkt },
    });
  });

  it("may name the agent by its own id", async () => {
    expect((await show(idJag({ client_id: plannerId }))).status).toBe(200);
  });

  it("is cut to what it holds, and what is left is given whole or not at all", async () => {
    const cut = await show(idJag({ scope: "tickets:read" }), { scope: "tickets:read tickets:write" });
    expect([cut.status, cut.body.scope]).toEqual([200, "tickets:read"]);
    const nothing = await show(idJag({ scope: "tickets:read" }), { scope: "tickets:write" });
    expect([nothing.status, nothing.body.error, told().status_code]).toEqual([400, "invalid_scope", "scope_exceeds"]);
    // the person lends no notes, so that nothing is given of both
    const beyond = await show(idJag({ resource: customers, scope: "customers:read customers:notes" }));
    expect([beyond.status, beyond.body.error]).toEqual([400, "invalid_scope"]);
    expect(world.store.sessions.size).toBe(1);
  });

  it("needs no scope of its own: then the request names what the person lends", async () => {
    const bare = () => idJag({ scope: undefined });
    expect((await show(bare(), { scope: "tickets:write" })).body.scope).toBe("tickets:write");
    expect((await show(bare())).body.error).toBe("invalid_scope");
  });

  it("restricts every token by its own details, which a request can only narrow", async () => {
    const details = [{ type: "ticket-customer", customers: ["a", "b"] }];
    const held = () => idJag({ authorization_details: details });
    const whole = await show(held(), forTickets);
    expect(whole.body.authorization_details).toEqual(details);
    const wished = (names: string[]) => ({
      ...forTickets,
      authorization_details: JSON.stringify([{ type: "ticket-customer", customers: names }]),
    });
    expect((await show(held(), wished(["a"]))).body.authorization_details).toEqual([
      { type: "ticket-customer", customers: ["a"] },
    ]);
    const wider = await show(held(), wished(["a", "c"]));
    expect([wider.status, told().status_code]).toEqual([400, "details_exceed"]);
    const unknown = await show(idJag({ authorization_details: [{ type: "no-such-type" }] }), forTickets);
    expect([unknown.status, told().status_code]).toEqual([400, "details_invalid"]);
  });

  test.each([
    ["by the claim", { resource: tickets }, undefined, 200],
    ["by the claim as a list of one", { resource: [tickets] }, undefined, 200],
    ["by the parameter", { resource: undefined }, tickets, 200],
    ["by both, alike", { resource: tickets }, tickets, 200],
    ["by both, in two spellings", { resource: `${tickets}/` }, tickets, 200],
    ["by both, differently", { resource: tickets }, customers, "invalid_target"],
    ["by nobody", { resource: undefined }, undefined, "invalid_target"],
    ["as several by the claim", { resource: [tickets, customers] }, tickets, "invalid_target"],
    ["as one that is none here", { resource: "https://elsewhere.example" }, undefined, "invalid_target"],
    ["as a number", { resource: 7 }, tickets, "invalid_target"],
  ])("has its resource named %s", async (_, claims, resource, expected) => {
    const { status, body } = await show(idJag(claims), { resource, scope: "tickets:read" });
    expect(status === 200 ? 200 : body.error).toBe(expected);
  });

  it("may be asked for a session of its own, which it offers on", async () => {
    const session = await show(idJag(), { requested_token_type: sessionTokenType });
    expect(session.body.token_type).toBe("N_A");
    const offer = await world.exchange(planner, session.body.access_token, sessionTokenType, {
      requested_token_type: offerTokenType,
      audience: agentId("researcher"),
      ...forTickets,
    });
    expect(offer.status).toBe(200);
  });
});

describe("threat 2: an identity assertion opens nothing", () => {
  const claims: [string, object][] = [
    ["for another agent's client", { client_id: "triage-app" }],
    ["for the client of the agent's ID tokens", { client_id: "planner-app" }],
    ["for the agent's alias at another issuer", { client_id: "client-at-partners" }],
    ["without a client", { client_id: undefined }],
  ];
  it.each(claims.slice(0, 3))("%s", async (_, more) => {
    expect(await outcome(idJag(more))).toEqual(refusedBy("person_token_foreign_client"));
  });
  const misfits: [string, object][] = [
    claims[3] as [string, object],
    ["for another audience", { aud: "https://elsewhere.example" }],
    ["for the token endpoint", { aud: "https://tok456.lambda-url.eu-west-1.on.aws/" }],
    ["for us and another", { aud: [issuer, "https://elsewhere.example"] }],
    ["without a name", { jti: undefined }],
    ["without a subject", { sub: undefined }],
    ["that was made too early", { iat: 4_000_000_000, exp: 4_000_000_100 }],
    ["that lives for a day", { exp: 1_785_542_400 + 86_400 }],
    ["of a tenant's subject", { tenant: "t-1" }],
    ["by another actor", { act: { sub: agentId("triage") } }],
    ["by a chain of actors", { act: { sub: agentId("planner"), act: { sub: "somebody" } } }],
    ["with a key that is none", { cnf: { jkt: 7 } }],
    ["with a certificate's hash", { cnf: { "x5t#S256": "A".repeat(43) } }],
    ["whose scope is a list", { scope: ["tickets:read"] }],
  ];
  it.each(misfits)("%s", async (_, more) => {
    expect(await outcome(idJag(more))).toEqual(refusedBy("subject_token_invalid"));
    expect(world.store.sessions.size).toBe(0);
  });

  it("that has expired", async () => {
    const assertion = idJag();
    world.time.seconds += 361;
    expect(await outcome(assertion)).toEqual(refusedBy("subject_token_expired"));
  });

  it("that another key signed, by whatever kid", async () => {
    expect(await outcome(idJag({}, {}, await testKey()))).toEqual(refusedBy("subject_token_invalid"));
  });

  it("of an issuer that does not assert, of workloads, or of nobody", async () => {
    expect(await outcome(idJag({ iss: "https://nobody.example" }))).toEqual(refusedBy("issuer_untrusted"));
    expect(await outcome(idJag({ iss: platform.issuer }))).toEqual(refusedBy("issuer_untrusted"));
    world.publish(2, plannerRow(), platform);
    expect(await outcome(idJag())).toEqual(refusedBy("issuer_untrusted"));
  });

  it("of another key than the proof's", async () => {
    const cnf = (jkt: string) => idJag({ cnf: { jkt } });
    expect((await show(cnf(planner.key.jkt))).status).toBe(200);
    expect(await outcome(cnf(triage.key.jkt))).toEqual(refusedBy("dpop_key_mismatch"));
  });

  it("for a caller that does not authenticate", async () => {
    const params = { grant_type: jwtBearerGrant, assertion: idJag() };
    for (const key of [planner.key, undefined]) {
      const { status, body } = await post({ ...params, client_id: alias }, key);
      expect([status, body.error]).toEqual([401, "invalid_client"]);
    }
  });
});
