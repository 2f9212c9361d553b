import { describe, expect, it } from "vitest";
import { accessTokenType, idTokenType, jwtBearerGrant, sessionTokenType } from "../../../core/model/wire.ts";
import { customers, otherIdp, tickets } from "../../kit/registry.ts";
import { testKey } from "../../kit/wire/key.ts";
import { issuer } from "../../kit/world/ground.ts";
import {
  asserting,
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
  sidOf,
  told,
  triage,
  withKey,
  workloadToken,
  world,
} from "./ground.ts";

setUp();

describe("one session is what an assertion opens", () => {
  it("and the same agent and key get it again, and tokens of no other", async () => {
    const assertion = idJag();
    const [first, second] = [await show(assertion), await show(assertion, { scope: "tickets:read" })];
    expect([second.status, second.body.scope]).toEqual([200, "tickets:read"]);
    expect(sidOf(second.body.access_token)).toBe(sidOf(first.body.access_token));
    expect(world.store.sessions.size).toBe(1);
    const session = await show(assertion, { requested_token_type: sessionTokenType });
    expect(sidOf(session.body.access_token)).toBe(sidOf(first.body.access_token));
    const wider = await show(assertion, { resource: customers, scope: "customers:read" });
    expect(wider.body.error).toBe("invalid_target");
  });

  it("threat 2: another key and another agent are refused, ring, and leave the session as it was", async () => {
    world.publish(2, plannerRow(), ...asserting, platform);
    const assertion = idJag({ client_id: plannerId });
    const first = await show(assertion);
    const thief = await world.newAgent("planner");
    expect(await outcome(assertion, {}, thief)).toEqual(refusedBy("assertion_of_another"));
    expect(told().actor.session.uid).toBe(sidOf(first.body.access_token));
    expect((await show(assertion)).status).toBe(200);
  });

  it("in a race of two keys, one of them has it and the other rings", async () => {
    const thief = await world.newAgent("planner");
    const assertion = idJag();
    const answers = await Promise.all([show(assertion), show(assertion, {}, thief)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(answers.find(({ status }) => status === 400)?.body.error).toBe("invalid_grant");
    expect(world.store.sessions.size).toBe(1);
    expect(world.store.records.filter((record) => record.body.includes('"assertion_of_another"'))).toHaveLength(1);
  });

  it("in a race of equal requests, all of them get it", async () => {
    const assertion = idJag();
    const answers = await Promise.all([show(assertion), show(assertion), show(assertion)]);
    const given = answers.filter(({ status }) => status === 200);
    expect(given.length).toBe(3);
    expect(new Set(given.map(({ body }) => sidOf(body.access_token))).size).toBe(1);
  });

  it("when it is over nothing more comes of it, even where its row is gone", async () => {
    const assertion = idJag({ exp: world.time.seconds + 3_000 });
    const { body } = await show(assertion);
    expect((await world.send("revoke", planner, { token: body.access_token })).status).toBe(200);
    expect(await outcome(assertion)).toEqual(refusedBy("parent_dead"));
    world.store.sessions.clear();
    world.store.tombstones.clear();
    expect(await outcome(assertion)).toEqual(refusedBy("assertion_used_up"));
    expect(world.store.sessions.size).toBe(0);
  });

  it("threat 8: one jti and one sub at two issuers are two persons and two sessions", async () => {
    world.publish(2, plannerRow(), ...asserting, platform, {
      kind: "lending",
      name: "partners-lend",
      issuer: otherIdp,
      when: { claim: "groups", equals: "support" },
      lends: [{ resource: tickets, scopes: ["tickets:read"] }],
    });
    const ours = await show(idJag({ jti: "one", scope: "tickets:read" }));
    const partnersKey = await testKey();
    world.web.issuer(otherIdp, [{ ...partnersKey.jwk, kid: "k1", alg: "ES256" }]);
    const theirs = await show(
      idJag({ iss: otherIdp, jti: "one", client_id: "client-at-partners", scope: "tickets:read" }, {}, partnersKey),
    );
    expect([ours.status, theirs.status]).toEqual([200, 200]);
    const [one, other] = [claimsOf(ours.body.access_token), claimsOf(theirs.body.access_token)];
    expect(one.sid).not.toBe(other.sid);
    expect(one.sub).not.toBe(other.sub);
    // and neither is signed by the other's key
    expect(await outcome(idJag({ iss: otherIdp, client_id: "client-at-partners" }))).toEqual(
      refusedBy("subject_token_invalid"),
    );
  });
});

describe("threat 32: a login that was revoked here", () => {
  const revoke = (token: string) => world.order({ revoke: { session: sidOf(token) }, reason: "it misbehaves" });

  it("opens nothing more by an assertion of it, whatever its jti, and a later sign-in does", async () => {
    const { body } = await show(idJag());
    expect(await revoke(body.access_token)).toMatchObject({ status: 200, body: { burnt: true } });
    world.time.seconds += 100;
    const again = await show(idJag({ auth_time: world.time.seconds - 100 }));
    expect([again.status, again.body.error, again.body.max_age]).toEqual([400, "invalid_grant", 0]);
    expect((await show(idJag())).status).toBe(200);
  });

  it("is one login, by ID token and by assertion", async () => {
    const auth_time = world.time.seconds;
    const byIdToken = await world.exchange(
      planner,
      world.idToken("planner-app", { auth_time }),
      idTokenType,
      forTickets,
    );
    await revoke(byIdToken.body.access_token);
    expect(await outcome(idJag({ auth_time }))).toEqual(refusedBy("person_token_burnt"));
  });
});

describe("threat 14: as an assertion counts neither", () => {
  it.each([
    ["an ID token", () => world.idToken("planner-app")],
    ["an ID token for us", () => world.idToken(issuer)],
    ["an access token", () => idJag({}, { typ: "at+jwt" })],
    ["a JWT of no kind", () => idJag({}, { typ: undefined })],
  ])("%s, which authenticates nobody by itself", async (_, make) => {
    const { status, body } = await post({ grant_type: jwtBearerGrant, assertion: make(), ...forTickets }, planner.key);
    expect([status, body.error]).toEqual([400, "invalid_grant"]);
  });

  it("a token of ours, and one that another key shows names whose it is", async () => {
    const { body } = await show(idJag());
    for (const ours of [planner.identity(), body.access_token]) {
      const mine = await post({ grant_type: jwtBearerGrant, assertion: ours, ...forTickets }, planner.key);
      expect([mine.status, mine.body.error]).toEqual([400, "invalid_grant"]);
      world.aggregated.length = 0;
      const { status, body: refused } = await post(
        { grant_type: jwtBearerGrant, assertion: ours, ...forTickets },
        triage.key,
      );
      expect([status, refused.error]).toEqual([400, "invalid_grant"]);
      expect(world.aggregated.at(-1)?.owner).toBe(plannerId);
    }
  });

  it("an assertion as a subject token of an exchange", async () => {
    for (const type of [idTokenType, accessTokenType])
      expect((await world.exchange(planner, idJag({ aud: "planner-app" }), type, forTickets)).body.error).toBe(
        "invalid_request",
      );
  });

  it("a platform's token beside a client assertion: a request authenticates in one way", async () => {
    const params = { grant_type: jwtBearerGrant, assertion: workloadToken(), ...forTickets };
    expect((await world.send("token", planner, params)).body.error).toBe("invalid_request");
    expect((await post({ ...params, ...withKey() }, planner.key)).status).toBe(400);
  });
});
