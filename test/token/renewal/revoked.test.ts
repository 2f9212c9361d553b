import { describe, expect, it } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import { accessTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agentId } from "../../kit/registry.ts";
import {
  childOf,
  claims,
  forTickets,
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
  stolenReason,
  tickApi,
  world,
} from "./ground.ts";

setUp();

describe("a renewal is its own agent's alone", () => {
  it("refused to another agent that got hold of the token", async () => {
    expect((await renew(researcher, session)).status).toBe(400);
    expect(stolenReason()).toBe("subject_token_not_yours");
  });
  it("refused to the agent itself with another key, as after a restart", async () => {
    const restarted = await world.newAgent("planner");
    expect((await renew(restarted, session)).body.error).toBe("invalid_dpop_proof");
    expect(stolenReason()).toBe("dpop_key_mismatch");
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
