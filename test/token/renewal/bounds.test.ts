import { describe, expect, it } from "vitest";
import { accessTokenType, idTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agentId, customers, inBase, tickets } from "../../kit/registry.ts";
import { startSeconds } from "../../kit/world/ground.ts";
import {
  childOf,
  claims,
  forTickets,
  longWork,
  longWorkers,
  planner,
  reason,
  registered,
  renew,
  republish,
  researcher,
  rowOf,
  session,
  setUp,
  sidOf,
  tickApi,
  world,
} from "./ground.ts";

setUp();

const active = async (token: string) => (await world.send("introspect", tickApi, { token })).body.active;

describe("a renewal", () => {
  it("gives the same session a later end and a token for it, and leaves everything else as it was", async () => {
    const before = rowOf(session);
    world.time.seconds += 500;
    const { status, body } = await renew(planner, session, 900);
    expect([status, body.token_type, body.issued_token_type]).toEqual([200, "N_A", sessionTokenType]);
    expect(body.expires_in).toBe(900);
    expect(claims(body.access_token)).toMatchObject({ sid: sidOf(session), exp: startSeconds + 500 + 900 });
    const { expiresAtSeconds, status: _s, formerStatus: _f, ...rest } = { ...rowOf(session) };
    const { expiresAtSeconds: _e, status: _b, formerStatus: _n, ...same } = { ...before };
    expect(expiresAtSeconds).toBe(startSeconds + 1400);
    expect(rest).toEqual(same);
  });
  it("needs no token of the person's, and lets the work go on after the first end", async () => {
    const renewed = (await renew(planner, session, 3600)).body.access_token;
    world.time.seconds += 3000;
    expect((await world.exchange(planner, renewed, sessionTokenType, forTickets)).status).toBe(200);
    expect((await world.exchange(planner, session, sessionTokenType, forTickets)).status).toBe(400);
    expect(reason()).toBe("subject_token_expired");
  });
  it("is recorded as one, with the new end", async () => {
    await renew(planner, session, 1200);
    const { lanyard } = JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped;
    expect(lanyard).toMatchObject({ operation: "session.renew", outcome: "allowed", agent: planner.id });
    expect(lanyard.expires_at).toBe((startSeconds + 1200) * 1000);
  });
  it("goes by an access token that holds all its session does, which may have come without a session token", async () => {
    const whole = (await world.exchange(planner, world.idToken("planner-app"), idTokenType, forTickets)).body;
    const renewed = await world.exchange(planner, whole.access_token, accessTokenType, {
      requested_token_type: sessionTokenType,
      lifetime_seconds: "1200",
    });
    expect([renewed.status, sidOf(renewed.body.access_token)]).toEqual([200, sidOf(whole.access_token)]);
  });
  it("is refused to an access token that holds less: renewing must not open the rest of the session", async () => {
    const part = (await world.exchange(planner, session, sessionTokenType, forTickets)).body.access_token;
    const before = rowOf(session);
    const { status } = await world.exchange(planner, part, accessTokenType, {
      requested_token_type: sessionTokenType,
      lifetime_seconds: "900",
    });
    expect([status, reason()]).toEqual([400, "renewal_refused"]);
    expect(rowOf(session)).toEqual(before);
  });
  it("asked again after a lost answer is answered again", async () => {
    expect((await renew(planner, session, 900)).status).toBe(200);
    expect((await renew(planner, session, 900)).status).toBe(200);
    expect(rowOf(session)?.expiresAtSeconds).toBe(startSeconds + 900);
  });
  it.each([
    ["no lifetime", { lifetime_seconds: undefined }, "parameter_missing"],
    ["a resource", { resource: tickets }, "parameter_invalid"],
    ["a scope", { scope: "tickets:read" }, "parameter_invalid"],
    ["details", { authorization_details: '[{"type":"ticket-queue","queue":["a"]}]' }, "parameter_invalid"],
    ["an audience", { audience: agentId("researcher") }, "parameter_invalid"],
    ["a purpose", { purpose: "more time" }, "parameter_invalid"],
    ["a number of uses", { max_uses: "5" }, "parameter_invalid"],
    ["an end before the present one", { lifetime_seconds: "60" }, "parameter_invalid"],
  ])("that names %s is refused as unclear, and changes nothing", async (_, more, code) => {
    const before = rowOf(session);
    const { status, body } = await renew(planner, session, 900, more);
    expect([status, body.error, reason()]).toEqual([400, "invalid_request", code]);
    expect(rowOf(session)).toEqual(before);
  });
});

describe("a renewal never goes beyond", () => {
  it("what the root's registration allows, counted from its beginning however often it is renewed", async () => {
    let token = session;
    for (const second of [500, 2500, 4500, 6500]) {
      world.time.seconds = startSeconds + second;
      const left = 7200 - second;
      const { body } = await renew(planner, token, Math.min(2500, left));
      token = body.access_token;
      expect((await renew(planner, token, left + 1)).status).toBe(400);
      expect(reason()).toBe("lifetime_exceeds");
    }
    world.time.seconds = startSeconds + 7199;
    expect((await renew(planner, token, 1)).status).toBe(200);
    expect((await renew(planner, token, 2)).status).toBe(400);
    world.time.seconds = startSeconds + 7200;
    expect((await renew(planner, token, 1)).status).toBe(400);
    expect(reason()).toBe("subject_token_expired");
  });
  it("the parent's present end, and up to it once the parent was renewed", async () => {
    const child = await childOf(session, { lifetime_seconds: "300" });
    expect((await renew(researcher, child, 601)).status).toBe(400);
    expect(reason()).toBe("lifetime_exceeds");
    await renew(planner, session, 2000);
    expect((await renew(researcher, child, 2001)).status).toBe(400);
    expect((await renew(researcher, child, 2000)).status).toBe(200);
  });
  it("the present bound of the root's registration, though its row still says more", async () => {
    const child = await childOf(session, { lifetime_seconds: "300" });
    await renew(planner, session, 5000);
    republish(registered("planner", { maxLifetimeSeconds: 1000 }));
    expect((await renew(researcher, child, 1001)).status).toBe(400);
    expect((await renew(researcher, child, 1000)).status).toBe(200);
  });
  it("what the child's own registration allows, counted from the child's beginning", async () => {
    republish(registered("researcher", { maxLifetimeSeconds: 400 }));
    world.time.seconds += 100;
    const child = await childOf(session, { lifetime_seconds: "300" });
    await renew(planner, session, 5000);
    world.time.seconds += 200;
    expect((await renew(researcher, child, 201)).status).toBe(400);
    expect((await renew(researcher, child, 200)).status).toBe(200);
  });
  it("what the registration holds now: a scope taken away is named, and nothing is renewed", async () => {
    republish(registered("planner", { ...longWork, may: [{ resource: tickets, scopes: ["tickets:read"] }] }));
    const { status, body } = await renew(planner, session);
    expect([status, body.error]).toEqual([400, "invalid_scope"]);
    expect(body.error_description).toContain("customers:read");
  });
  it("what the person may lend now", async () => {
    const rule = inBase("lending", "support-lends");
    republish({ ...rule, lends: [{ resource: tickets, scopes: ["tickets:read"] }] });
    expect((await renew(planner, session)).body.error).toBe("invalid_scope");
  });
  it("what the next hop still entails", async () => {
    const entailment = inBase("entailment", "tickets-show-customers");
    republish({ ...entailment, lifetimeSeconds: 3600 });
    const access = (await world.exchange(planner, session, sessionTokenType, forTickets)).body.access_token;
    const next = await world.exchange(tickApi, access, accessTokenType, {
      resource: customers,
      scope: "customers:read",
      requested_token_type: sessionTokenType,
      lifetime_seconds: "300",
    });
    expect((await renew(tickApi, next.body.access_token, 600)).status).toBe(200);
    const session2 = (
      await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
        ...forTickets,
        requested_token_type: sessionTokenType,
      })
    ).body.access_token;
    const access2 = (await world.exchange(planner, session2, sessionTokenType, forTickets)).body.access_token;
    const alone = await world.exchange(tickApi, access2, accessTokenType, {
      resource: customers,
      scope: "customers:read",
      requested_token_type: sessionTokenType,
      lifetime_seconds: "300",
    });
    expect((await renew(tickApi, alone.body.access_token, 400)).status).toBe(200);
    world.publish(3, ...longWorkers, { ...entailment, from: { resource: tickets, scope: "tickets:write" } });
    expect((await renew(tickApi, alone.body.access_token, 500)).status).toBe(400);
    expect(reason()).toBe("scope_exceeds");
  });
  it("the depth that every agent of the chain allows now", async () => {
    const child = await childOf(session, { lifetime_seconds: "300" });
    republish(registered("planner", { ...longWork, maxDepth: 0 }));
    expect((await renew(researcher, child, 400)).status).toBe(400);
    expect(reason()).toBe("depth_exceeded");
  });
  it("what policy says of renewing, asked for each resource anew", async () => {
    const asked: string[] = [];
    const refused = {
      allowed: false,
      policies: ["no-long-work"],
      missing: { who: "agent" },
      why: "forbidden",
    } as const;
    world.policy.engine = {
      decide: (_, { action, grant }) => {
        asked.push(`${action} ${grant.resource}`);
        return grant.resource === customers ? refused : { allowed: true, policies: ["all"] };
      },
    };
    const { status, body } = await renew(planner, session);
    expect([status, body.error]).toEqual([403, "access_denied"]);
    expect(asked).toEqual([`renew ${tickets}`, `renew ${customers}`]);
  });
});

describe("a child", () => {
  it("survives its parent's renewal with its own end", async () => {
    const child = await childOf(session, { lifetime_seconds: "500" });
    const end = rowOf(child)?.expiresAtSeconds;
    await renew(planner, session, 3600);
    expect(rowOf(child)?.expiresAtSeconds).toBe(end);
    world.time.seconds += 400;
    const access = await world.exchange(researcher, child, sessionTokenType, {});
    expect([access.status, await active(access.body.access_token)]).toEqual([200, true]);
  });
  it("still dies with its parent after both were renewed", async () => {
    const child = await childOf(session, { lifetime_seconds: "300" });
    await renew(planner, session, 3600);
    const renewed = (await renew(researcher, child, 3000)).body.access_token;
    const access = (await world.exchange(researcher, renewed, sessionTokenType, {})).body.access_token;
    await world.order({ revoke: { session: sidOf(session) }, reason: "incident" });
    expect(await active(access)).toBe(false);
    expect((await renew(researcher, renewed, 3100)).status).toBe(400);
    expect(reason()).toBe("parent_dead");
  });
});
