import { describe, expect, it, test } from "vitest";
import { jwtBearerGrant, offerTokenType, sessionTokenType, spiffeAssertionType } from "../../../core/model/wire.ts";
import { agent, agentId, idp, otherIdp, tickets } from "../../kit/registry.ts";
import { testKey } from "../../kit/wire/key.ts";
import { issuer } from "../../kit/world/ground.ts";
import {
  alias,
  asserting,
  byKey,
  claimsOf,
  forTickets,
  idJag,
  planner,
  plannerId,
  plannerKey,
  plannerRow,
  platform,
  post,
  refusal,
  registered,
  setUp,
  withKey,
  world,
} from "./ground.ts";

setUp();

const own = { grant_type: "client_credentials", ...forTickets };
const send = (assertion: string, more: object = {}) => post({ ...own, ...withKey(assertion), ...more }, planner.key);
const outcome = async (assertion: string, more: object = {}) => {
  const { status, body } = await send(assertion, more);
  return [status, body.error, refusal().code];
};
const badClient = [401, "invalid_client", "client_assertion_invalid"];

describe("an agent that lists public keys", () => {
  it("authenticates by one of them, and its tokens are bound to the key of its proof", async () => {
    const { status, body } = await send(byKey());
    expect([status, body.token_type]).toEqual([200, "DPoP"]);
    expect(claimsOf(body.access_token)).toMatchObject({
      sub: plannerId,
      client_id: plannerId,
      assurance: "document",
      cnf: { jkt: planner.key.jkt },
    });
    const record = JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard;
    expect(record).toMatchObject({
      assurance: "document",
      evidence_type: "private-key-jwt",
      evidence: { keyId: "k1" },
    });
  });

  test.each([
    ["its id", { iss: plannerId, sub: plannerId }, undefined],
    ["its alias at another issuer", { iss: "client-at-partners", sub: "client-at-partners" }, undefined],
    ["a client_id that says the same", {}, alias],
    ["a client_id that is its id", {}, plannerId],
  ])("goes by %s", async (_, claims, client_id) => {
    expect((await send(byKey(claims), { client_id })).status).toBe(200);
  });

  test.each([
    ["a kid", { kid: "k1" }],
    ["the type of client assertions", { typ: "client-authentication+jwt" }],
    ["no type", { typ: undefined }],
  ])("may send %s", async (_, header) => {
    expect((await send(byKey({}, header))).status).toBe(200);
  });

  it("uses what it likes of the token endpoint: sessions, offers, renewals, as with an identity token", async () => {
    const session = await send(byKey(), { requested_token_type: sessionTokenType });
    expect(session.body.token_type).toBe("N_A");
    const exchange = {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: session.body.access_token,
      subject_token_type: sessionTokenType,
    };
    const offer = { requested_token_type: offerTokenType, audience: agentId("researcher"), ...forTickets };
    expect((await post({ ...exchange, ...offer, ...withKey() }, planner.key)).status).toBe(200);
    const renewal = { requested_token_type: sessionTokenType, lifetime_seconds: "900" };
    expect((await post({ ...exchange, ...renewal, ...withKey() }, planner.key)).status).toBe(200);
  });

  it("may show identity assertions", async () => {
    const { status, body } = await post({ grant_type: jwtBearerGrant, assertion: idJag(), ...withKey() }, planner.key);
    expect(status).toBe(200);
    expect(claimsOf(body.access_token).sub).toMatch(/^p_/);
  });

  it("rotates: any of its registered keys does, whether it is named or not", async () => {
    const next = await testKey();
    world.publish(2, plannerRow({ keys: [registered(plannerKey), registered(next, "k2")] }), ...asserting, platform);
    expect((await send(byKey({}, {}, next))).status).toBe(200);
    expect((await send(byKey({}, { kid: "k2" }, next))).status).toBe(200);
    expect(await outcome(byKey({}, { kid: "k1" }, next))).toEqual(badClient);
  });
});

describe("a client assertion authenticates nobody", () => {
  it.each<[string, object, object]>([
    ["for the token endpoint", { aud: "https://tok456.lambda-url.eu-west-1.on.aws/" }, {}],
    ["for us and another", { aud: [issuer, "https://elsewhere.example"] }, {}],
    ["for another issuer", { aud: "https://elsewhere.example" }, {}],
    ["without a name", { jti: undefined }, {}],
    ["without an end", { exp: undefined }, {}],
    ["that lives longer than five minutes", { exp: 1_785_542_400 + 301 }, {}],
    ["that lives long and does not say since when", { iat: undefined, exp: 1_785_542_400 + 900 }, {}],
    ["whose issuer and subject differ", { sub: plannerId }, {}],
    ["of an agent without keys", { iss: agentId("triage"), sub: agentId("triage") }, {}],
    ["of nobody", { iss: "nobody", sub: "nobody" }, {}],
    ["of another type", {}, { typ: "at+jwt" }],
    ["by no algorithm", {}, { alg: "none" }],
    ["by a secret", {}, { alg: "HS256" }],
    ["that names a key that is not registered", {}, { kid: "k9" }],
    ["that carries its own key", {}, { jwk: { kty: "EC" } }],
  ])("%s", async (_, claims, header) => {
    expect(await outcome(byKey(claims, header))).toEqual(badClient);
    expect(world.store.sessions.size).toBe(0);
  });

  it("that another key signed", async () => {
    expect(await outcome(byKey({}, {}, await testKey()))).toEqual(badClient);
    // the proof's own key is no registered one
    expect(await outcome(byKey({}, {}, planner.key))).toEqual(badClient);
  });

  it("that has expired", async () => {
    const old = byKey();
    world.time.seconds += 361;
    expect(await outcome(old)).toEqual([401, "invalid_client", "assertion_expired"]);
  });

  it("twice, whatever key proves the second call", async () => {
    const once = byKey();
    expect((await send(once)).status).toBe(200);
    expect(await outcome(once)).toEqual([401, "invalid_client", "client_assertion_replayed"]);
    const thief = await testKey();
    expect((await post({ ...own, ...withKey(once) }, thief)).status).toBe(401);
    expect(world.store.sessions.size).toBe(1);
  });

  it("in a race of two, once", async () => {
    const once = byKey();
    const answers = await Promise.all([send(once), send(once)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
  });

  it("with a client_id of another, a secret or an Authorization header beside it", async () => {
    expect(await outcome(byKey(), { client_id: agentId("triage") })).toEqual(badClient);
    expect(await outcome(byKey(), { client_secret: "s" })).toEqual([400, "invalid_request", "client_methods_several"]);
  });

  it("as a JWT-SVID, and no JWT-SVID as one", async () => {
    const svid = { client_assertion_type: spiffeAssertionType, client_assertion: byKey() };
    expect((await post({ ...own, ...svid }, planner.key)).body.error).toBe("invalid_client");
    expect(await outcome(planner.identity())).toEqual(badClient);
  });

  it("by a name that two agents have at two issuers", async () => {
    const twin = agent("triage", {
      aliases: [{ issuer: otherIdp, clientId: alias }],
      keys: [registered(await testKey())],
    });
    world.publish(2, plannerRow({ aliases: [{ issuer: idp, clientId: alias }] }), twin, ...asserting, platform);
    await outcome(byKey({ iss: plannerId, sub: plannerId }));
    expect(await outcome(byKey())).toEqual(badClient);
  });

  it("of an agent that demands more than a document, or binds its code", async () => {
    world.publish(2, plannerRow({ minimumAssurance: "audience" }), ...asserting, platform);
    expect(await outcome(byKey())).toEqual([401, "invalid_client", "assurance_too_low"]);
    world.publish(3, plannerRow({ code: { releases: ["sha256:1"] } }), ...asserting, platform);
    expect(await outcome(byKey())).toEqual(badClient);
  });
});

describe("threat 22: the newest registry decides", () => {
  it("a key that was taken out authenticates nobody from the next request on", async () => {
    expect((await send(byKey())).status).toBe(200);
    const next = await testKey();
    world.publish(2, plannerRow({ keys: [registered(next, "k2")] }), ...asserting, platform);
    expect(await outcome(byKey())).toEqual(badClient);
    expect((await send(byKey({}, {}, next))).status).toBe(200);
  });

  it("an agent that was suspended or blocked gets nothing", async () => {
    world.publish(2, plannerRow({ state: "suspended" }), ...asserting, platform);
    expect((await send(byKey())).body.error).toBe("invalid_client");
    world.publish(3, plannerRow(), ...asserting, platform);
    await world.order({ revoke: { agent: plannerId }, reason: "it misbehaves" });
    expect((await send(byKey())).body.error).toBe("access_denied");
  });
});

test("threat 13: a copy that is shown again and again takes nothing from its agent's bucket", async () => {
  world.limiter.allowed = undefined;
  const once = byKey();
  expect((await send(once)).status).toBe(200);
  expect(world.limiter.taken).toEqual([plannerId]);
  for (let n = 0; n < 5; n++) expect((await send(once)).status).toBe(401);
  expect(world.limiter.taken).toEqual([plannerId]);
  world.limiter.allowed = false;
  const over = await send(byKey());
  expect([over.status, refusal().code]).toEqual([429, "rate_exceeded"]);
  expect([...world.store.sessions.values()].filter(({ ended }) => ended !== true)).toHaveLength(1);
});

test("its tokens are for one resource, by what it lends itself", async () => {
  const { body } = await send(byKey(), { resource: tickets, scope: "tickets:write" });
  expect(body.error).toBe("invalid_scope");
});
