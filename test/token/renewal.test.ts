import { beforeEach, describe, expect, it } from "vitest";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { limits } from "../../core/model/limits.ts";
import type { AgentRegistration, Registration } from "../../core/model/registry.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { agentId, baseRows, customers, tickets } from "../kit/registry.ts";
import { createWorld, type Params, startSeconds, type TestAgent, type World } from "../kit/world.ts";

const registered = (name: string, more: Partial<AgentRegistration>): AgentRegistration => {
  const row = baseRows.find((r): r is AgentRegistration => r.kind === "agent" && r.name === name);
  if (!row) throw new Error(`${name} is not registered`);
  return { ...row, ...more };
};
const forTickets = { resource: tickets, scope: "tickets:read" };
let world: World;
let planner: TestAgent;
let researcher: TestAgent;
let tickApi: TestAgent;
let session: string;

const longWork = { maxLifetimeSeconds: 7200 };
const longWorkers = ["planner", "researcher", "ticket-api"].map((name) => registered(name, longWork));
/** The registry again, some rows of it changed. */
const republish = (...changed: readonly Registration[]) =>
  world.publish(
    2,
    ...longWorkers.filter((row) => !changed.some(({ kind, name }) => kind === "agent" && name === row.name)),
    ...changed,
  );

beforeEach(async () => {
  world = await createWorld(...longWorkers);
  [planner, researcher, tickApi] = (await Promise.all(["planner", "researcher", "ticket-api"].map(world.newAgent))) as [
    TestAgent,
    TestAgent,
    TestAgent,
  ];
  session = (
    await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
      resource: [tickets, customers],
      scope: "tickets:read customers:read",
      requested_token_type: sessionTokenType,
      lifetime_seconds: "600",
    })
  ).body.access_token;
});

const claims = (token: string) => decodeUnverified(token)?.payload as Record<string, never>;
const sidOf = (token: string) => String(claims(token).sid);
const rowOf = (token: string) => world.store.sessions.get(`${claims(token).root} ${sidOf(token)}`);
const reason = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").status_code;
const renew = (by: TestAgent, token: string, seconds: number | string = 900, more: Params = {}) =>
  world.exchange(by, token, sessionTokenType, {
    requested_token_type: sessionTokenType,
    lifetime_seconds: String(seconds),
    ...more,
  });
const childOf = async (parent: string, more: Params = {}) => {
  const offer = await world.exchange(planner, parent, sessionTokenType, {
    ...forTickets,
    audience: researcher.id,
    requested_token_type: offerTokenType,
  });
  const wanted = { requested_token_type: sessionTokenType, ...more };
  return (await world.exchange(researcher, offer.body.access_token, offerTokenType, wanted)).body.access_token;
};
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
    const rule = baseRows.find((row) => row.kind === "lending");
    if (rule?.kind !== "lending") throw new Error("no lending rule");
    republish({ ...rule, lends: [{ resource: tickets, scopes: ["tickets:read"] }] });
    expect((await renew(planner, session)).body.error).toBe("invalid_scope");
  });
  it("what the next hop still entails", async () => {
    const entailment = baseRows.find((row) => row.kind === "entailment");
    if (entailment?.kind !== "entailment") throw new Error("no entailment");
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

describe("a renewal is its own agent's alone", () => {
  it("refused to another agent that got hold of the token", async () => {
    expect((await renew(researcher, session)).status).toBe(400);
    expect(reason()).toBe("subject_token_not_yours");
  });
  it("refused to the agent itself with another key, as after a restart", async () => {
    const restarted = await world.newAgent("planner");
    expect((await renew(restarted, session)).body.error).toBe("invalid_dpop_proof");
    expect(reason()).toBe("dpop_key_mismatch");
  });
  it("refused to the parent for its child, and to the child for its parent", async () => {
    const child = await childOf(session);
    for (const [by, token] of [
      [planner, child],
      [researcher, session],
    ] as const)
      expect((await renew(by, token)).status).toBe(400);
  });
  it("refused when other code runs under the same key", async () => {
    const gen = { [`agent:${planner.id}`]: 0, "build:sha256:x": 0, deployment: 0 };
    const { status } = await renew(planner, session, 900, {
      client_assertion: planner.identity({ build: "sha256:x", gen }),
    });
    expect([status, reason()]).toEqual([400, "renewal_refused"]);
  });
  it("no next hop: the server that was shown a token gets a session of its own, and the shown one keeps its end", async () => {
    const access = (await world.exchange(planner, session, sessionTokenType, forTickets)).body.access_token;
    const before = rowOf(session);
    const { status } = await world.exchange(tickApi, access, accessTokenType, {
      requested_token_type: sessionTokenType,
      lifetime_seconds: "900",
    });
    expect(status).toBe(400);
    expect(rowOf(session)).toEqual(before);
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

describe("threats 5 and 6: what was revoked is not renewed", () => {
  it.each([
    ["the session", () => ({ session: sidOf(session) })],
    ["the agent", () => ({ agent: agentId("planner") })],
    ["the principal", () => ({ principal: String(claims(session).sub) })],
    ["the deployment", () => ({ deployment: "agents.example.com" })],
  ])("before: %s", async (_, target) => {
    const before = rowOf(session);
    await world.order({ revoke: target(), reason: "incident" });
    expect((await renew(planner, session)).status).not.toBe(200);
    expect(rowOf(session)).toEqual(before);
  });
  it.each([
    ["the session", () => ({ session: sidOf(session) })],
    ["the agent", () => ({ agent: agentId("planner") })],
    ["the principal", () => ({ principal: String(claims(session).sub) })],
    ["the deployment", () => ({ deployment: "agents.example.com" })],
  ])("between the write and the signature: %s; the new token is not released", async (_, target) => {
    let reads = 0;
    world.store.beforeLiveness = async () => {
      if (++reads !== 2) return;
      world.store.beforeLiveness = undefined;
      await world.order({ revoke: target(), reason: "incident" });
    };
    const { status, body } = await renew(planner, session);
    expect([status, reason()]).toEqual([400, "died_in_flight"]);
    expect(JSON.stringify(body)).not.toContain("eyJ");
    expect((await renew(planner, session, 1000)).status).not.toBe(200);
  });
  it("nor an agent that was suspended in the registry, anywhere in the chain", async () => {
    const child = await childOf(session);
    republish(registered("planner", { state: "suspended" }));
    expect((await renew(researcher, child)).status).toBe(400);
    expect(reason()).toBe("parent_dead");
  });
});

describe("where a revocation finds the bits of a renewed session", () => {
  const place = (token: string) =>
    (claims(token).status as unknown as { status_list: { uri: string; idx: number } }).status_list;
  const places = () => {
    const row = rowOf(session);
    return [row?.status, ...(row?.formerStatus ?? [])].map((at) => `${at?.list} ${at?.idx}`);
  };
  const fetched = async (token: string) => {
    const { uri, idx } = place((await world.exchange(planner, token, sessionTokenType, forTickets)).body.access_token);
    return `${uri.split("/status/")[1]} ${idx}`;
  };

  it("stand the places of every token that still lives, those from before each renewal too", async () => {
    const released = [await fetched(session)];
    for (const seconds of [700, 4000, 7000]) {
      const renewed = (await renew(planner, session, seconds)).body.access_token;
      released.push(await fetched(renewed));
      expect(places()).toEqual(expect.arrayContaining(released));
    }
    expect(new Set(released).size).toBeGreaterThan(1);
  });
  it("a place is forgotten once the last token that names it has expired", async () => {
    const renewed = (await renew(planner, session, 4000)).body.access_token;
    const first = places().at(-1);
    world.time.seconds += 700;
    await renew(planner, renewed, 6000);
    expect(places()).not.toContain(first);
  });
  it("there are never more of them than a row may carry: then it is refused, not forgotten", async () => {
    const outcomes: number[] = [];
    for (let i = 1; i <= limits.formerStatuses + 2; i++) outcomes.push((await renew(planner, session, 600 + i)).status);
    expect(outcomes.filter((status) => status === 200)).toHaveLength(limits.formerStatuses);
    expect([outcomes.at(-1), reason()]).toEqual([400, "renewal_refused"]);
    expect(places()).toHaveLength(limits.formerStatuses + 1);
  });
});

describe("of renewals at one instant", () => {
  it("fifty leave the longest end that was answered, and none is answered with an end the row does not have", async () => {
    const lives = Array.from({ length: 50 }, (_, i) => 700 + i * 10);
    const answers = await Promise.all(lives.map((seconds) => renew(planner, session, seconds)));
    const ends = answers.flatMap(({ status, body }) => (status === 200 ? [Number(claims(body.access_token).exp)] : []));
    expect(ends.length).toBeGreaterThan(0);
    expect(rowOf(session)?.expiresAtSeconds).toBe(Math.max(...ends));
    for (const { status } of answers) expect([200, 400, 503]).toContain(status);
  });
  it("and a revocation no token survives", async () => {
    const work = Array.from({ length: 30 }, (_, i) => renew(planner, session, 700 + i));
    await world.order({ revoke: { session: sidOf(session) }, reason: "incident" });
    for (const { status, body } of await Promise.all(work)) {
      if (status !== 200) continue;
      expect((await world.exchange(planner, body.access_token, sessionTokenType, forTickets)).status).toBe(400);
    }
    expect((await renew(planner, session, 2000)).status).toBe(400);
  });
});
