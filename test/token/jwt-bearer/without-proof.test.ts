import { beforeEach, describe, expect, it, test } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import type { ResourceRegistration } from "../../../core/model/resource-registration.ts";
import {
  accessTokenType,
  jwtBearerGrant,
  offerTokenType,
  sessionTokenType,
  tokenExchangeGrant,
} from "../../../core/model/wire.ts";
import { agentId, customers, inBase, tickets } from "../../kit/registry.ts";
import type { Params } from "../../kit/world/tokens.ts";
import {
  asserting,
  byKey,
  claimsOf,
  forTickets,
  idJag,
  planner,
  plannerId,
  plannerRow,
  platform,
  post,
  refusal,
  setUp,
  sidOf,
  withKey,
  workloadToken,
  world,
} from "./ground.ts";

setUp();

const unable: ResourceRegistration = { ...inBase("resource", "tickets"), senderConstraint: "none" };
const consenting = () => [plannerRow({ withoutProof: true }), ...asserting, platform, unable];
const own = () => post({ grant_type: "client_credentials", ...forTickets, ...withKey() });
const withDocument = (assertion = workloadToken(), more: Params = {}) =>
  post({ grant_type: jwtBearerGrant, assertion, ...forTickets, ...more });
const forPerson = (assertion = idJag(), more: Params = {}) =>
  post({ grant_type: jwtBearerGrant, assertion, ...more, ...withKey() });

beforeEach(() => {
  Object.assign(world.deps, { bearerTokens: true });
  world.publish(2, ...consenting());
});

describe("a call without a proof", () => {
  test.each<[string, () => ReturnType<typeof post>]>([
    ["by a registered key", own],
    ["by a platform's token", () => withDocument()],
    ["by an identity assertion and a registered key", () => forPerson(idJag(), { scope: "tickets:read" })],
  ])("%s gets one bearer token of two minutes, where all three consent", async (_, call) => {
    const { status, body } = await call();
    expect([status, body.token_type, body.expires_in]).toEqual([200, "Bearer", limits.bearerTokenLifeSeconds]);
    expect(claimsOf(body.access_token)).not.toHaveProperty("cnf");
    expect([...world.store.sessions.values()].at(-1)).not.toHaveProperty("jkt");
    const record = JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard;
    expect(record).toMatchObject({ outcome: "allowed", token_type: "Bearer" });
    expect(record).not.toHaveProperty("jkt");
  });

  test.each<[string, () => void, string]>([
    ["the stage", () => Object.assign(world.deps, { bearerTokens: false }), "dpop_missing"],
    ["the registration", () => world.publish(3, plannerRow(), ...asserting, platform, unable), "dpop_missing"],
    [
      "the resource",
      () => world.publish(3, plannerRow({ withoutProof: true }), ...asserting, platform),
      "proof_required",
    ],
  ])("is refused where %s does not consent", async (_, change, code) => {
    change();
    for (const call of [own, () => withDocument(), () => forPerson()]) {
      const { status, body } = await call();
      expect([status, body.error, refusal().code]).toEqual([400, "invalid_dpop_proof", code]);
    }
    expect(world.store.sessions.size).toBe(0);
  });

  it("threat 9: never goes with an identity token, which is bound to a key", async () => {
    const form = { grant_type: "client_credentials", ...forTickets, client_assertion: planner.identity() };
    const type = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";
    expect((await post({ ...form, client_assertion_type: type })).body.error).toBe("invalid_dpop_proof");
  });

  it("with a proof that is wrong is no call without one", async () => {
    const form = new URLSearchParams({ grant_type: "client_credentials", ...forTickets, ...withKey() } as Record<
      string,
      string
    >);
    for (const dpop of [["nonsense"], [""], ["a.b.c", "a.b.c"]]) {
      const answer = await world.endpoints.token(world.call(form.toString(), dpop));
      expect(JSON.parse(answer.body).error).toBe("invalid_dpop_proof");
    }
  });
});

describe("a session without a key gives nothing more", () => {
  const exchange = (subject_token: string, more: Params, key = planner.key) =>
    post(
      { grant_type: tokenExchangeGrant, subject_token, subject_token_type: accessTokenType, ...more, ...withKey() },
      key,
    );

  test.each<[string, Params]>([
    ["a session token", { requested_token_type: sessionTokenType }],
    ["an offer", { requested_token_type: offerTokenType, audience: agentId("researcher") }],
  ])("not %s, at its first call", async (_, more) => {
    for (const call of [
      () => post({ grant_type: "client_credentials", ...forTickets, ...more, ...withKey() }),
      () => withDocument(workloadToken(), more),
      () => forPerson(idJag(), more),
    ])
      expect((await call()).status).toBe(400);
    expect(world.store.sessions.size).toBe(0);
  });

  it("not by its token, with whatever key or with none", async () => {
    const { body } = await own();
    const asked: Params[] = [
      forTickets,
      { requested_token_type: sessionTokenType, lifetime_seconds: "900" },
      { requested_token_type: offerTokenType, audience: agentId("researcher"), ...forTickets },
    ];
    for (const more of asked) {
      const withProof = await exchange(body.access_token, more);
      expect([withProof.status, refusal().code]).toEqual([400, "dpop_key_mismatch"]);
      const without = await post({
        grant_type: tokenExchangeGrant,
        subject_token: body.access_token,
        subject_token_type: accessTokenType,
        ...more,
        ...withKey(),
      });
      expect([without.status, refusal().code]).toEqual([400, "proof_required"]);
    }
  });

  it("not a next hop, by the server it was shown to", async () => {
    const { body } = await forPerson(idJag(), { scope: "tickets:read" });
    const server = await world.newAgent("ticket-api");
    const hop = await world.exchange(server, body.access_token, accessTokenType, {
      resource: customers,
      scope: "customers:read",
    });
    expect([hop.status, refusal().code]).toEqual([400, "subject_token_unbound"]);
  });

  it("and lives no longer than its one token, where nothing can show it again", async () => {
    await own();
    const [session] = [...world.store.sessions.values()];
    expect((session?.expiresAtSeconds ?? 0) - world.time.seconds).toBe(limits.bearerTokenLifeSeconds);
    const longer = await post({
      grant_type: "client_credentials",
      ...forTickets,
      ...withKey(),
      lifetime_seconds: "600",
    });
    expect(longer.body.error).toBe("invalid_request");
  });

  it("and is introspected and revoked like any other", async () => {
    const { body } = await own();
    const server = await world.newAgent("ticket-api");
    const look = async () => (await world.send("introspect", server, { token: body.access_token })).body;
    expect(await look()).toMatchObject({ active: true, token_type: "Bearer" });
    expect((await world.send("revoke", planner, { token: body.access_token })).status).toBe(200);
    expect(await look()).toEqual({ active: false });
  });
});

describe("a document that is shown without a proof", () => {
  it("opens one session, the same one until its end, for whoever has the file", async () => {
    const document = workloadToken();
    const first = await withDocument(document);
    world.time.seconds += 300;
    const second = await withDocument(document);
    expect([second.status, second.body.expires_in]).toEqual([200, limits.bearerTokenLifeSeconds]);
    expect(sidOf(second.body.access_token)).toBe(sidOf(first.body.access_token));
    expect([...world.store.sessions.values()].map(({ expiresAtSeconds }) => expiresAtSeconds)).toEqual([
      Number(claimsOf(document).exp),
    ]);
    world.time.seconds += 600;
    expect((await withDocument(document)).body.error).toBe("invalid_grant");
  });

  it("gives no token that outlives it", async () => {
    const document = workloadToken();
    world.time.seconds += 870;
    expect((await withDocument(document)).body.expires_in).toBe(30);
  });

  it("in a race, all get the one session", async () => {
    const document = workloadToken();
    const answers = await Promise.all([withDocument(document), withDocument(document), withDocument(document)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(world.store.sessions.size).toBe(1);
  });

  it("is worth nothing once its session was revoked, and another document opens another", async () => {
    const document = workloadToken();
    const { body } = await withDocument(document);
    await world.order({ revoke: { session: sidOf(body.access_token) }, reason: "it leaked" });
    expect((await withDocument(document)).body.error).toBe("invalid_grant");
    expect((await withDocument()).status).toBe(200);
  });

  it("threat 16: is not to be had by a key any more, nor without one where a key has it", async () => {
    const [open, held] = [workloadToken(), workloadToken()];
    await withDocument(open);
    const form = (assertion: string) => ({ grant_type: jwtBearerGrant, assertion, ...forTickets });
    expect((await post(form(open), planner.key)).body.error).toBe("invalid_grant");
    expect(refusal().code).toBe("evidence_of_another_key");
    expect((await post(form(held), planner.key)).status).toBe(200);
    expect((await withDocument(held)).body.error).toBe("invalid_grant");
    expect(refusal().code).toBe("evidence_of_another_key");
  });
});

test("an identity assertion that names a key is worth nothing without that key", async () => {
  const { body } = await forPerson(idJag({ cnf: { jkt: planner.key.jkt } }));
  expect([body.error, refusal().code]).toEqual(["invalid_grant", "dpop_key_mismatch"]);
});

test("a session that a key opened is not had without it, nor the other way round", async () => {
  const [bound, open] = [idJag({ scope: "tickets:read" }), idJag({ scope: "tickets:read" })];
  const proved = (assertion: string) =>
    post({ grant_type: jwtBearerGrant, assertion, ...withKey(byKey({ iss: plannerId, sub: plannerId })) }, planner.key);
  expect((await proved(bound)).status).toBe(200);
  expect((await forPerson(bound)).body.error).toBe("invalid_grant");
  expect((await forPerson(open)).status).toBe(200);
  expect((await proved(open)).body.error).toBe("invalid_grant");
  expect(tickets).toBe(forTickets.resource);
});
