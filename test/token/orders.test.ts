import { beforeEach, describe, expect, it } from "vitest";
import { createAdminRevokeEndpoint } from "../../core/endpoints/admin-revoke.ts";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { idTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { agentId, tickets, trustDomain } from "../kit/registry.ts";
import { type Tokens, tokens } from "../kit/world/tokens.ts";
import { createWorld, type World } from "../kit/world/world.ts";

const operator = { arn: "arn:aws:sts::111122223333:assumed-role/operator/ada", uniqueId: "AROAEXAMPLE" };
const stranger = `p_${"b".repeat(32)}`;
const build = "sha256:abcdef";
let world: World<Tokens>;
let session: string;
let person: string;

const refusedWith = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").status_code;
const untouched = () => [world.store.epochs.size, world.store.tombstones.size, world.store.denylisted.size];

beforeEach(async () => {
  world = await createWorld([], tokens);
  const planner = await world.newAgent("planner");
  const opened = await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
    ...{ resource: tickets, scope: "tickets:read", requested_token_type: sessionTokenType },
  });
  const claims = decodeUnverified(opened.body.access_token)?.payload;
  [session, person] = [String(claims?.sid), String(claims?.sub)];
});

describe("an order about something that does not exist is refused, writes nothing and says so", () => {
  it.each([
    ["an agent with one letter too many", { agent: agentId("plannner") }, `did you mean ${agentId("planner")}?`],
    ["an agent in another letter case", { agent: agentId("Planner") }, `did you mean ${agentId("planner")}?`],
    ["an agent with two letters exchanged", { agent: agentId("plannre") }, `did you mean ${agentId("planner")}?`],
    ["an agent nobody is near", { agent: agentId("somebody-else") }, "is registered, and no session of it is known"],
    ["an agent of another domain", { agent: "spiffe://evil.example/agent/planner" }, "nothing of that name"],
    ["another deployment", { deployment: "other.example.com" }, "nothing of that name"],
    ["a session nobody had", { session: "A".repeat(22) }, "is not known"],
    ["a person never seen", { principal: stranger }, "member unseen (--unseen) blocks it in advance"],
    ["an agent's work, by a slip", { principal: agentId("reseacher") }, `did you mean ${agentId("researcher")}?`],
    ["a build never seen", { build: "sha256:012345" }, "member unseen (--unseen) blocks it in advance"],
  ])("with %s, for a revocation", async (_, target, said) => {
    const { status, body } = await world.order({ revoke: target, reason: "compromised" });
    expect([status, body.error, refusedWith()]).toEqual([404, "not_found", "target_unknown"]);
    expect(body.error_description).toContain(said);
    expect(untouched()).toEqual([0, 0, 0]);
  });

  it.each([
    ["an agent that nobody revoked", () => ({ agent: agentId("planner") }), "nothing was ever revoked under"],
    ["a mistyped agent", () => ({ agent: agentId("plannner") }), `did you mean ${agentId("planner")}?`],
    ["a person whom nobody revoked", () => ({ principal: person }), "nothing was ever revoked under"],
    ["a build never revoked", () => ({ build }), "nothing was ever revoked under"],
  ])("with %s, for a lift", async (_, target, said) => {
    const { status, body } = await world.order({ lift: target(), reason: "false alarm" });
    expect([status, refusedWith()]).toEqual([404, "target_unknown"]);
    expect(body.error_description).toContain(said);
    expect(untouched()).toEqual([0, 0, 0]);
  });

  it("with a build's digest in capitals, naming the one that is running", async () => {
    const [key, held] = [...world.store.sessions][0] ?? ["", undefined];
    if (!held) throw new Error("no session");
    world.store.sessions.set(key, { ...held, build });
    const { status, body } = await world.order({ revoke: { build: build.toUpperCase() }, reason: "compromised" });
    expect([status, body.error_description]).toEqual([404, expect.stringContaining(`did you mean ${build}?`)]);
    expect((await world.order({ revoke: { build }, reason: "compromised" })).status).toBe(200);
  });
});

describe("an order about something that exists, or existed, is carried out", () => {
  it("for whoever has a session, and again, and lifted, and lifted again", async () => {
    for (const verb of ["revoke", "revoke", "lift", "lift"])
      expect((await world.order({ [verb]: { principal: person }, reason: "r" })).status).toBe(200);
  });
  it("for a registered agent that never did anything, as agent and as principal", async () => {
    expect((await world.order({ revoke: { agent: agentId("researcher") }, reason: "r" })).status).toBe(200);
    expect((await world.order({ revoke: { principal: agentId("researcher") }, reason: "r" })).status).toBe(200);
  });
  it("for an agent that is no longer registered and whose sessions still stand", async () => {
    world.deps.targets.agents = async () => [];
    expect((await world.order({ revoke: { agent: agentId("planner") }, reason: "r" })).status).toBe(200);
  });
  it("for a session that was ended and whose row TTL has taken away, which it finds no more", async () => {
    await world.order({ revoke: { session }, reason: "r" });
    world.store.sessions.clear();
    const { status, body } = await world.order({ revoke: { session }, reason: "r" });
    expect([status, body.found]).toEqual([200, false]);
  });
  it("not for a session that expired by itself and is gone: there is nothing left to end", async () => {
    world.store.sessions.clear();
    expect((await world.order({ revoke: { session }, reason: "r" })).status).toBe(404);
  });
  it.each([
    ["person", { principal: stranger }],
    ["build", { build: "sha256:012345" }],
  ])("for a %s never seen that is blocked in advance, on purpose, and can be lifted", async (_, target) => {
    const { status, body } = await world.order({ revoke: target, reason: "left", unseen: true });
    expect([status, body.blocked]).toEqual([200, true]);
    expect((await world.order({ lift: target, reason: "back" })).status).toBe(200);
  });
  it.each([
    ["an agent", { revoke: { agent: agentId("plannner") }, unseen: true }],
    ["a session", { revoke: { session: "A".repeat(22) }, unseen: true }],
    ["the deployment", { revoke: { deployment: trustDomain }, unseen: true }],
    ["a lift", { lift: { principal: stranger }, unseen: true }],
    ["something else than true or false", { revoke: { principal: stranger }, unseen: "yes" }],
  ])("never in advance for %s", async (_, order) => {
    expect((await world.order({ ...order, reason: "r" })).status).toBe(400);
    expect(untouched()).toEqual([0, 0, 0]);
  });
  it("threat 6: for a revocation that cannot be checked, since it ends nothing that it should not; never a lift", async () => {
    const down = async () => Promise.reject(new Error("the table is throttled"));
    const targets = {
      ...world.deps.targets,
      agents: down,
      owners: down,
      hasSessions: down,
      wasRevoked: down,
      standing: down,
    };
    const admin = createAdminRevokeEndpoint({ ...world.deps, targets });
    const send = (order: object) =>
      admin(world.call(JSON.stringify({ ...order, reason: "r" }), [], { contentType: "application/json" }), operator);
    expect((await send({ revoke: { agent: agentId("planner") } })).status).toBe(200);
    await expect(send({ lift: { agent: agentId("planner") } })).rejects.toThrow("throttled");
  });
});
